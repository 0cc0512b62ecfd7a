"""What made a result: digests of code, and later the chain back to the videos."""

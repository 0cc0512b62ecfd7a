"""What made a result: digests of code and files, and records of jobs."""

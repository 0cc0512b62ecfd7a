"""What is to be known before a long run, and after one that was cut short."""

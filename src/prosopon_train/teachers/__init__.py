"""Models that label photographs for training; never used when measuring."""

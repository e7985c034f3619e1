"""One module a protocol; its name is what the command line takes, its PROTOCOL what is run."""

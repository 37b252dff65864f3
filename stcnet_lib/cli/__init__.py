"""The command line `stcnet`: one file a command, thin over the library."""

"""`python -m stcnet_lib`: the command line `stcnet`."""

from stcnet_lib.cli.main import main

if __name__ == "__main__":
    main()

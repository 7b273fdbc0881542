"""`python -m s6xl` is the same program as the script `s6xl`."""

from s6xl.cli import main

if __name__ == "__main__":
    main()

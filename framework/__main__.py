"""`python -m framework` is `smp`."""

from framework.cli import main

main()

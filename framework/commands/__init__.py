"""The commands of `smp`, a module for each group of them; framework/cli.py lists them."""

"""The rules, a small module for each or for a close family: what each is about (`RULES`), and what finds where it is broken.

A module of rules that are checked here has a function `violations` (in: what is sent, a `Subject`) or `findings` (in: a pipeline).
The rules of the other modules are found broken on the way to the definition, where a value is read or a step is built. What the
texts of a rule have between double quotes is written so in a file or on a command line; docs/rules.md shows it as code.
"""

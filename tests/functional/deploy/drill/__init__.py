"""The fault drill: `smp` in processes of its own, a gate before the faithful server that fails one of its calls or kills it, and
what the account must then look like.

gate.py is the way to the server, and the faults on it. mother.py is a process that has all imported and forks a new one for each
command, so that a command costs hundredths of a second and not one; machine.py is both together. scenarios.py says which commands
are drilled on which configurations; state.py what an account looks like, as data to compare; judging.py what must be so after a
case.
"""

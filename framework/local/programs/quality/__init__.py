"""What stands in for Model Monitor's analyzer image: `python -m framework.local.programs.quality`, run by a QualityCheck step.

In: the variables of the developer guide's page "Container Contract Inputs". Out: statistics.json, constraints.json and, where there
is a baseline to compare with, constraint_violations.json, in the schemas of its pages about these three files.
"""

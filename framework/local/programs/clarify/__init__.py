"""What stands in for Clarify's image: `python -m framework.local.programs.clarify SPECIFICATION`, run by a ClarifyCheck step.

In: analysis_config.json and a dataset, as the developer guide's page "Analysis Configuration Files" describes them, and a server
for the model. Out: analysis.json as its page "Analysis Results" describes it, and constraint_violations.json where a baseline
is given.
"""

"""CI services as far as their files say what is run: the commands of a buildspec and of a workflow, in a clean folder."""

"""The code and files that steps take along."""

from __future__ import annotations

from framework.findings import Rule

RULES = (
    Rule(
        "SMP701",
        "Script or notebook that is not there, or cannot run",
        "The source directory does not hold the entry point of a step, the inference script that is packed into a model, or a file "
        'of a notebook job; or ".smpignore" keeps it out; or a script that runs as a module has a dot in its path. The job would '
        "start and fail at once.",
        'Check the path, which is relative to "source_directory", and ".smpignore"; rename what has a dot in its name.',
        blocking=True,
    ),
    Rule(
        "SMP702",
        "No source directory",
        'A step brings scripts, and its model has no "source_directory" or one that does not exist, or the step belongs to no '
        "model. There is nothing to pack.",
        'Set "source_directory", which is relative to the root (--root); give a step outside of the units its "model".',
        blocking=True,
    ),
    Rule(
        "SMP703",
        "Link in the source directory",
        "A symbolic link leaves the source directory, so that what it leads to would be packed without anybody having said so. It "
        "is a warning where it leads nowhere or to a folder: then it, and what is in the folder, stays out of the bundle.",
        'Copy what it leads to, or name it in ".smpignore".',
        blocking=True,
    ),
)

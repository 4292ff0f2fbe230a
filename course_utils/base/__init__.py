"""What every other wing stands on, and nothing about models or exercises.

In the order in which you may want them: `assets` finds and verifies what ships, `hub` finds what others published
(this machine first, then the network), `package_index` takes a file out of a wheel, `fetching` bounds what both wait
for, and `kept_folders` keeps what was made of it on this machine; `writing` writes a file whole or not at all; `seeds`
and `threads` make runs repeatable, `bars` has the one progress bar, `free_memory` and `machine_memory` are about
memory, and `process_group` lets one program run as several.

`faces` is what each wing's face is made of; there arguments are checked (`border`), by their annotations (`hints`,
`tensor_hints`) and names (`bounds`), and refused in words (`hint_words`, `refusing`).
"""

from course_utils.base.faces import attach

__getattr__, __dir__, __all__ = attach(__name__, __file__)

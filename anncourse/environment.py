"""Umgebungsvariablen, die eine Bibliothek unter uns liest, während ein Netz lernt."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

# Voreinstellungen von Lightning (PL_TRAINER_LIMIT_TRAIN_BATCHES …), Rechenverbünde und ihre Ränge
FOREIGN = re.compile(
    r"(PL|LT|SLURM|LSB|JSM|OMPI|PMI|KUBERNETES|TORCHELASTIC|GROUP|MASTER|NODE)_\w*"
    r"|((LOCAL|GLOBAL)_)?RANK|((LOCAL|GLOBAL)_)?WORLD_SIZE"
)


@contextmanager
def own_environment() -> Iterator[None]:
    """Ein Block, in dem nur gilt, was verlangt und festgehalten ist.

    Lightning nimmt, was niemand angibt, aus der Umgebung: Auf einem Rechenverbund teilte es sonst
    die Arbeit auf, mit ``PL_TRAINER_FAST_DEV_RUN`` lernte es von einem einzigen Stapel. Danach
    steht in der Umgebung wieder alles.
    """
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if FOREIGN.fullmatch(name)}
    try:
        yield
    finally:
        os.environ.update(hidden)

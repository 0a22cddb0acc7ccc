"""Die Schemabilder des Kapitels, mit Code gezeichnet, in einer Bildsprache.

Jede Funktion gibt ein `SVG` zurück, das ein Notebook von selbst zeigt; ``ALT_TEXTS`` hält zu jeder
den Alternativtext.
"""

from anncourse.teaching.diagrams import gradient, gru, lstm, rnn, tensors, text
from anncourse.teaching.diagrams.gradient import *
from anncourse.teaching.diagrams.gru import *
from anncourse.teaching.diagrams.lstm import *
from anncourse.teaching.diagrams.rnn import *
from anncourse.teaching.diagrams.tensors import *
from anncourse.teaching.diagrams.text import *

ALT_TEXTS = rnn.ALT_TEXTS | gradient.ALT_TEXTS | lstm.ALT_TEXTS | gru.ALT_TEXTS | text.ALT_TEXTS
ALT_TEXTS |= tensors.ALT_TEXTS
__all__ = [*ALT_TEXTS]

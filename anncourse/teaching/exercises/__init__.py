"""Die Übungen zum Kapitel: Aufgabenblätter, Prüfungen, Hinweise und Punkte.

Zu jedem Abschnitt gehört ein Blatt ``section_k.md`` (Text, Vorlage, Hinweise, Lösung) und eine
Datei ``section_k.py`` mit den Prüfungen. Jede urteilt auf Deutsch und erkennt häufige Fehler.
"""

from anncourse.teaching.exercises.judging import SEED
from anncourse.teaching.exercises.score import hint, report
from anncourse.teaching.exercises.section_1 import check_9, check_10
from anncourse.teaching.exercises.section_2 import check_3, check_11
from anncourse.teaching.exercises.section_3 import check_4, check_12, check_13
from anncourse.teaching.exercises.section_4 import check_14, check_15
from anncourse.teaching.exercises.section_5 import check_5, check_8, check_16, check_17
from anncourse.teaching.exercises.section_6 import (
    check_1,
    check_2,
    check_6,
    check_7,
    check_18,
    check_19,
)
from anncourse.teaching.exercises.section_7 import check_20, check_23
from anncourse.teaching.exercises.section_8 import check_21, check_24
from anncourse.teaching.exercises.section_9 import check_22

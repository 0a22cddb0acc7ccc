"""Beispieldaten: erzeugte Filmkritiken, in denen die Reihenfolge der Wörter zählt.

Für Leserinnen ohne Internet und für die Tests; wie gut ein Netz auf echten Kritiken ist, lässt
sich an ihnen nicht ablesen. Eine Kritik entsteht aus Satzmustern::

    Kritik      = [Beiläufiges ...] Urteil [Urteil] Beiläufiges [Beiläufiges ...]
    Urteil      = Muster mit {A} und {B}   (in 60 % der Kritiken)
                | Muster nur mit {A}       (in den übrigen)
    Beiläufiges = Muster ohne {A} und {B}

{A} gilt, {B} wird verneint oder widerlegt. In einer positiven Kritik ist {A} ein lobendes und
{B} ein tadelndes Wort, in einer negativen umgekehrt::

    positiv: The acting was brilliant and the music wasn't dull.
    negativ: The acting was dull and the music wasn't brilliant.

Solche **Zwillinge** unterscheidet nur die Reihenfolge ihrer Wörter; im Korpus steht von jedem
Paar eine Fassung, jede gleich oft. Wer die Wörter bloss zählt (bag of words), muss bei Zwillingen
raten und liegt im Mittel bei höchstens 40 % + 60 % / 2 = 70 %. Nach dem Urteil folgt Beiläufiges:
Ein Netz, das Wort für Wort liest, muss das Urteil bis zum Schluss behalten.
"""

import random
import re

TRAIN_SIZE, TRAIN_SEED = 20_000, 93
TEST_SIZE, TEST_SEED = 4_000, 94
TWIN_SHARE = 0.6
# Anteil der Kritiken mit dem Urteil im zweitletzten Satz; sonst folgen vier bis fünf Sätze.
# Ganz ohne späte Urteile blieb eine GRU mit der Lernrate 1e-3 beim Raten.
LATE_SHARE = 1 / 3

GOOD = """wonderful brilliant superb charming gripping touching
    delightful splendid clever witty great good""".split()
BAD = """dull boring terrible dreadful clumsy lifeless
    shallow predictable pointless tedious bad stupid""".split()

TWINS = (  # Urteile, bei denen die Reihenfolge entscheidet
    "The {part} was {very} {A} and the {thing} {wasnt} {very} {B}.",
    "The {part} {wasnt} {very} {B} and the {thing} was {very} {A}.",
    "The {part} {wasnt} {B}, the {thing} was {A}!",
    "It's {very} {A}, not {very} {B}.",
    "This was NOT {very} {B} but {very} {A}.",
    "I don't think the {part} was {very} {B}; I found it {very} {A}.",
    "{others} called the {part} {very} {B}, but it's {very} {A}.",
    "I'd call the {part} {very} {A}, whatever {others} say, and certainly not {very} {B}.",
    "I expected a {very} {B} film and got a {very} {A} one.",
    "We got a {very} {A} film where we had expected a {very} {B} one.",
    "The {part} is far more {A} than {B}.",
    "You can't call the {part} {very} {B} when it's so {A}.",
)
PLAIN = (  # Urteile, die auch versteht, wer nur zählt
    "The {part} was {very} {A}, and so was the {thing}.",
    "What a {very} {A} film!",
    "I found the {part} {very} {A}, and {others} agreed.",
    "It's {A}, just {A}.",
    "{others} called the {part} {A}, and they weren't wrong.",
)
NEUTRAL = (  # Beiläufiges
    "{first} {surname} plays a {job} who moves to {place}.",
    "{first} {surname} is the {job}, and {first} {surname} wrote the script.",
    "The story begins in {place} in {year} and ends in {place}.",
    "A {job} from {place} meets a {job} on the night train.",
    "It runs for {minutes} minutes, and I saw it on a {day}.",
    "I watched it on DVD with {others}, who didn't say much.",
    "It was filmed in {place}, not in {place}, as the poster says.",
    "There's a {job}, there's a dog, and there's a letter from {place}.",
    "My ticket wasn't checked, but the doors closed at {hour}.",
    "The first scene shows a kitchen; the last one shows a harbour.",
    "{others} sat behind us and whispered until the lights went out.",
    "The {job} doesn't know that her brother has left {place}.",
    "It's set during one week in {year}, mostly indoors.",
    "The cinema in {place} wasn't full, it was a {day} after all.",
    "Half of it is in black and white, the rest isn't.",
    "In the end the {job} goes back to {place}, alone.",
)
WORDS = {
    "part": "acting script camera cast editing".split(),
    "thing": "music plot ending dialogue pacing".split(),
    "wasnt": ["wasn't", "was not", "was never", "was hardly", "certainly wasn't"],
    "very": "really very truly simply quite".split(),
    "others": ["my friends", "the critics", "two colleagues", "my parents", "the neighbours"],
    "first": "Anna Bruno Clara David Elena Felix Greta Hugo Irene Jonas Karin Leo".split(),
    "surname": "Barfeld Dorsen Fenmann Garlov Kortel Marvik Norberg Pelrosa Silmann Verlin".split(),
    "job": "baker teacher pilot nurse lawyer painter farmer sailor clerk tailor cook judge".split(),
    "place": "Basel Lisbon Oslo Dublin Vienna Chicago Kyoto Lima Cairo Perth Riga Turin".split(),
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "year": [str(year) for year in range(1930, 2020, 5)],
    "minutes": [str(minutes) for minutes in range(80, 180, 5)],
    "hour": "six seven eight nine ten".split(),
}
BETWEEN = [" "] * 10 + ["<br /><br />", " <br />", ""]  # auch «end.The», wie in echten Kritiken


def _fill(pattern: str, rng: random.Random) -> str:
    """Ersetzt {part}, {job}, ... je durch ein gezogenes Wort; {A} und {B} bleiben stehen."""
    sentence = re.sub(r"{([a-z]+)}", lambda match: rng.choice(WORDS[match[1]]), pattern)
    return sentence[0].upper() + sentence[1:]


def _pair(rng: random.Random) -> tuple[str, str]:
    """Dieselbe Kritik in der negativen und in der positiven Fassung."""
    verdicts = TWINS if rng.random() < TWIN_SHARE else PLAIN
    if rng.random() < LATE_SHARE:
        before, after = rng.randint(1, 4), 1
    else:
        before, after = rng.randint(0, 1), rng.randint(4, 5)
    patterns = rng.sample(NEUTRAL, before + after)
    patterns[before:before] = rng.sample(verdicts, rng.randint(1, 2))
    negative = positive = ""
    for pattern in patterns:
        between = rng.choice(BETWEEN) if negative else ""
        sentence = between + _fill(pattern, rng)
        good, bad = rng.choice(GOOD), rng.choice(BAD)
        negative += sentence.format(A=bad, B=good)
        positive += sentence.format(A=good, B=bad)
    return negative, positive


def generate(number: int, seed: int) -> tuple[list[str], list[int]]:
    """Erzeugt lauter verschiedene Kritiken, gemischt und ausgewogen, aus einem Zufallsstart.

    Returns
    -------
    texts : list of str
    labels : list of int
        0 = negativ, 1 = positiv; bei gerader Anzahl je die Hälfte.
    """
    rng = random.Random(seed)
    label_of: dict[str, int] = {}
    while len(label_of) < number:
        label = len(label_of) % 2  # abwechselnd; von jedem Paar nur eine Fassung
        label_of.setdefault(_pair(rng)[label], label)
    reviews = list(label_of.items())
    rng.shuffle(reviews)
    return [text for text, _ in reviews], [label for _, label in reviews]


def sample_corpus() -> tuple[list[str], list[int], list[str], list[int]]:
    """Texte und Labels zum Trainieren, Texte und Labels zum Testen: immer dieselben."""
    return *generate(TRAIN_SIZE, TRAIN_SEED), *generate(TEST_SIZE, TEST_SEED)

"""Words that may stand after a value without changing it: units, money, and things that are counted.

A list of what is allowed, since a policy is paid for whatever is forgotten in a list of what is not: ``26 lakh``,
``26 squared`` and ``26 or thirty`` are not 26, and neither is ``26`` followed by any word that does not stand here.
"""

from __future__ import annotations

import functools
import re

UNIT_NAMES = {
    "mm": "mm millimeter millimetre",
    "cm": "cm centimeter centimetre",
    "m": "m meter metre",
    "km": "km kilometer kilometre",
    "in": "in inch inche",
    "ft": "ft foot feet",
    "yd": "yd yard",
    "mi": "mi mile",
    "acre": "acre",
    "hectare": "hectare ha",
    "s": "s sec second",
    "min": "min minute",
    "h": "h hr hour",
    "day": "day",
    "week": "week wk",
    "month": "month",
    "year": "yr year",
    "mg": "mg milligram",
    "g": "g gm gram",
    "kg": "kg kilogram kilo",
    "oz": "oz ounce",
    "lb": "lb pound",
    "ton": "ton tonne",
    "ml": "ml milliliter millilitre",
    "l": "l liter litre",
    "gal": "gal gallon",
    "pt": "pint",
    "qt": "quart qt",
    "cup": "cup",
    "tsp": "teaspoon tsp",
    "tbsp": "tablespoon tbsp",
    "km/h": "kph kmh",
    "mi/h": "mph",
    "J": "joule",
    "W": "watt",
    "V": "volt",
    "N": "newton",
    "Hz": "hz hertz",
    "cal": "calorie kcal",
    "cent": "cent ¢",
    "dollar": "dollar usd $ buck",
    "euro": "euro eur €",
    "sterling": "gbp £",
    "yen": "yen jpy ¥",
    "peso": "peso",
    "rupee": "rupee inr ₹",
    "percent": "percent % pct",
    "degree": "degree deg",
    "°C": "celsius",
    "°F": "fahrenheit",
    "radian": "radian rad",
    "unit": "unit",
    "am": "a.m. am a.m",
    "pm": "p.m. pm p.m",
}
UNITS = {word: unit for unit, words in UNIT_NAMES.items() for word in words.split()}

COUNTED = frozenset(
    """
    adult animal antelope apartment apple baby bag bagel ball balloon banana bar baseball basket basketball bat
    battery bead bean bear bed bee berry bicycle bike bill bird biscuit blanket block blueberry board boat bolt book
    boot bottle bowl box boy bracelet branch brick bridge brother brownie bucket bug building burger bus bush
    butterfly button cake camel camper candle candy can car card carrot carton cat chair chapter cherry chicken child
    chip chocolate class classroom client coat coconut coin color colour combination computer cone container cookie
    cow cracker crate crayon cube cupcake customer daisy daughter deer desk diamond digit dime dinosaur dish doctor
    dog doll dollhouse donut door doughnut dress drink driver drum duck duckling edge egg elephant employee envelope
    episode eraser event face factor family farmer female field file finger fish floor flower fly follower fork fox
    friend frog fruit game gift giraffe girl glass goal goat goldfish goose grape group guest guitar guppy hamburger
    hat hen hole home horse hotdog house insect integer item jar jellybean job jump kernel key kid kitten knife lap
    lawn leaf leg lemon lesson letter light lily line lion lizard lollipop machine magazine mango marble mark marker
    match matchstick meal meatball melon member message mile mistake mitten monkey mouse movie muffin multiple
    mushroom nail name necklace neighbor neighbour nickel night note notebook number nut object octopus onion orange
    orchid order outcome outfit package packet page painting paper parent passenger patient peach pear pebble pen
    pencil penguin penny people person pet phone photo picture pie pig pigeon piece pill pillow pizza plane plant
    planet plate player plum point pond poster pot potato prize problem prisoner pumpkin pupil puppy puzzle question
    rabbit rat recipe record ribbon ride ring road rock room rope rose round row ruler sandwich scarf school seat seed
    sentence shark sheep sheet shell ship shirt shoe shop shot shrimp sibling side sister skirt slice snack snake
    snowball sock soda solution son song spider spoon square squirrel stamp star step stick sticker stone store story
    straw strawberry street student subset suit sunflower sweater sweet swimmer table tail teacher team teaspoon test
    ticket tile tire toddler tomato tool tooth towel toy tractor train tray tree triangle trip truck tulip turkey
    turtle umbrella value vegetable vehicle vertex video visitor volunteer vote wall watch watermelon way whale wheel
    window winner woman man word worker wing yam zebra zoo
    """.split()  # noqa: SIM905  (a paragraph is read, a column of 400 strings is not)
)
PLURALS = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "person",
    "feet": "foot",
    "geese": "goose",
    "mice": "mouse",
    "teeth": "tooth",
    "leaves": "leaf",
    "loaves": "loaf",
    "knives": "knife",
    "scarves": "scarf",
    "vertices": "vertex",
}
MULTIPLES = frozenset(
    """
    hundred thousand million billion trillion dozen score gross lakh crore half halves third fourth quarter fifth
    sixth seventh eighth ninth tenth twelfth twentieth hundredth thousandth millionth times squared cubed pi factorial
    """.split()  # noqa: SIM905
)
"""No units at all but part of the value: who answers 5 has not answered five million."""
HEDGES = re.compile(
    r"\b(?:not|never|no|none|nor|neither|either|or|between|from|than|least|most|may|might|could|perhaps|maybe|possibly"
    r"|probably|if|suppose|supposing|assume|let|unless|except|exceeds?|guess|unsure|sure|unknown|undecided|decide|wrong"
    r"|incorrect|impossible|false|cannot|can't|isn't|aren't|wasn't|doesn't|don't|didn't|won't|wouldn't|approximately"
    r"|roughly|somewhere|up to)\b",
    re.IGNORECASE,
)
"""Words of a sentence that does not say what the answer is, but what it is not, may be, or is bounded by."""
DIMENSIONS = {"square": "2", "sq": "2", "sq.": "2", "cubic": "3", "cu": "3", "cu.": "3"}


@functools.lru_cache(maxsize=4096)
def unit_of(text: str, power: str | None = None) -> str | None:
    """One name for a known unit, also a compound or counted one; None for all other texts.

    ``square inches`` and ``in^2`` are ``in^2``; ``km/h``, ``kilometers per hour`` and ``km per h`` are ``km/h``; ``red
    marbles`` is unknown, since of an adjective nobody knows that it is none of ``squared``.
    """
    words = text.strip().strip(".,").strip()
    if words.startswith("(") and words.endswith(")"):
        words = words[1:-1]
    raised = re.sub(r"[^0-9]", "", power or "")
    above, per, below = re.sub(r"\s+per\s+|\s*/\s*", "\0", words).partition("\0")
    if per:
        over, under = _simple(above, ""), _simple(below, raised)
        return f"{over}/{under}" if over and under else None
    return _simple(above, raised)


def _simple(text: str, raised: str) -> str | None:
    words = text.split()
    if words and words[0].lower() in DIMENSIONS:
        raised, words = DIMENSIONS[words[0].lower()], words[1:]
    if len(words) != 1:
        return None
    word = words[0]
    if power := re.fullmatch(r"(.*[a-zA-Z])\^?\{?([23²³])\}?", word):
        word, raised = str(power[1]), {"²": "2", "³": "3"}.get(power[2], power[2])
    unit = _word(word)
    return f"{unit}^{raised}" if unit and raised else unit


def _word(word: str) -> str | None:
    small = word.lower() if len(word) > 1 else word  # M is not m
    for form in (small, small.rstrip("."), small.rstrip(".").removesuffix("s")):
        if form in UNITS:
            return UNITS[form]
    singular = PLURALS.get(small, small)
    for form in (singular, re.sub("ies$", "y", small), re.sub("s$", "", small), re.sub("es$", "", small)):
        if form in COUNTED:
            return form
    return None


def multiple_in(words: str) -> str | None:
    """The first word after a number that is part of its value, in the singular."""
    for word in re.finditer("[a-z]+", words.lower()):
        for form in (word[0], word[0].removesuffix("s")):
            if form in MULTIPLES:
                return form
    return None

"""Made-up people, hospitals and rotations for the demo data."""

from __future__ import annotations

from random import Random

FIRST_NAMES = """
Aaliyah Adaeze Aditi Agnes Ahmed Aidan Aisha Akira Alana Aleksandra Alinta Amara Amelia Anahera
Ananya Andrew Angus Anika Aroha Arjun Astrid Ayesha Beatriz Bilal Bindi Brigid Bronte Callum
Camila Caterina Charlotte Chidi Chloe Connor Dalisay Daniel Darcy Declan Deepika Dilini Dimitri
Dinh Eleni Elise Emeka Emma Esther Fatima Felix Fergus Fetu Finn Freya Gabriel Georgia Giang
Grace Hamish Hana Hannah Harriet Hassan Hemi Hinemoa Hugo Ibrahim Imogen Ines Ioane Isaac Isla
Jack Jarrah Jasmine Javier Jiho Jonas Joshua Kahu Kalani Katarzyna Kavya Keira Khalid Kirra Kofi
Lachlan Lakshmi Lars Layla Leila Leilani Liam Linh Lucia Lupe Madeleine Mahsa Malakai Mariam
Marlee Mateo Matilda Mei Mele Mikaere Minh Mira Mohammed Nadia Naomi Nasrin Ngaire Niamh Nikhil
Noor Oliver Omar Oscar Patrick Pania Phoebe Pooja Priya Rachel Rangi Rebecca Rhys Rohan Rosa
Ruby Sabine Salma Samuel Sefa Shanelle Siobhan Sofia Stefan Sunita Talia Tamar Tane Tariq Tessa
Thandi Thomas Tui Uma Valentina Wiremu Xavier Yara Yasmin Yuki Zara Zoe
"""

LAST_NAMES = """
Abbott Abernethy Adeyemi Ahmadi Akintola Alvarez Anand Appleby Arslan Ashworth Bajwa
Balakrishnan Barlow Bennetts Bhatt Blackwood Boateng Brennan Cabrera Cardoso Carmody
Chandrasekara Chau Cheung Clarke Coughlan Crane Dacosta Dang Darwish Delaney Dhillon Doherty
Drummond Duong Eastwood Ebrahimi Edwards Egan Espinoza Faleolo Farrugia Fernando Finau
Fitzgerald Fonoti Forsyth Galvin Georgiou Ghosh Goodwin Gunawardena Haddad Hakopa Hansen
Harrington Hartley Heke Hewitt Hohepa Hosseini Huang Iyer Jabbour Jansen Jayasuriya Jeong Kaihau
Kapoor Karimi Katene Keogh Khoury Kiely Kowalczyk Kumarasinghe Laurence Leota Lindqvist Locke
Loughnan Mackay Mahmoud Makoni Malouf Manuel Marchetti Marsden Mbeki McAllister McKenna Mehta
Menzies Mitropoulos Moana Moreira Morrissey Murugan Nakamura Ngata Ngo Nikolaidis Novak Nwosu
Oakley Okafor Oliveira Onslow Osei Paewai Pang Papadakis Parata Pascoe Perera Petrovic Pham
Pillay Prentice Quigley Rafiq Rahimi Ramanathan Rangihuna Reddy Renner Ricci Rosales Rutherford
Sahin Salonga Samarasinghe Santangelo Sarkar Savage Sethi Shepherd Silveira Sinclair Solomona
Stavrou Sutcliffe Tabrizi Takahashi Tanaka Tapsell Tavita Teague Thornbury Tipene Toleafoa Tran
Trevino Uchida Vasquez Venkatesan Villanueva Wakefield Walsh Wardle Whaanga Wickramasinghe
Wójcik Yamada Yilmaz Zammit Zhao
"""

PREFERRED_NAMES = {
    "Aleksandra": "Sasha",
    "Alana": "Lani",
    "Andrew": "Drew",
    "Caterina": "Cat",
    "Charlotte": "Charlie",
    "Gabriel": "Gabe",
    "Georgia": "George",
    "Katarzyna": "Kasia",
    "Mohammed": "Mo",
    "Madeleine": "Maddie",
    "Mikaere": "Mike",
    "Rebecca": "Bec",
    "Samuel": "Sam",
    "Valentina": "Val",
}

CORE_ROTATIONS = ("ED", "Gen Med", "Surgery")
OTHER_ROTATIONS = (
    "Paeds",
    "Psych",
    "O&G",
    "Ortho",
    "Cardiology",
    "Geriatrics",
    "Anaesthetics",
    "Renal",
    "Palliative",
    "Neurology",
    "Oncology",
    "Respiratory",
)
SITES = ("Wattle Bay", "Ironbark", "Kingfisher")
"""Fictional hospitals, the most wanted first."""


class People:
    """Hands out (first name, last name, preferred name or None); no full name comes twice."""

    def __init__(self, rng: Random) -> None:
        self._first, self._last = FIRST_NAMES.split(), LAST_NAMES.split()
        rng.shuffle(self._first)
        rng.shuffle(self._last)
        self._given = 0

    def next(self) -> tuple[str, str, str | None]:
        """The next person."""
        turn, place = divmod(self._given, len(self._last))
        # Both lists are walked in step; each new turn shifts one against the other.
        first = self._first[(self._given + turn) % len(self._first)]
        self._given += 1
        return first, self._last[place], PREFERRED_NAMES.get(first)

"""An agent: one leg, one conference, one caller at a time; the only writer of whether he is free."""

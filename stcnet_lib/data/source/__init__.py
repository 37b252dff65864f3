"""Reading other people's data sets: layouts, checks and what is known of them."""

"""When and in what order: async stories that speak only to ports."""

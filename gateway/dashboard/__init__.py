"""The web pages for people: a transport over the same stores and the same core as the APIs."""

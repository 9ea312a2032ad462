"""The admin console: pages for people, rendered on the server, over the same domain as the API."""

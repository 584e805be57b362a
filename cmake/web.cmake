# Embeds web/dist (built by npm, see tools/setup) into the dashboard room.

"""Numbers -> pictures, the same in letter, report, alert and page: SVG, PNG for mail, and what they show in words."""

// From a disk a page may not read another one: the search names the places it found, without a passage of each.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

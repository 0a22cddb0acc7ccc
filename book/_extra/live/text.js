"use strict";

// Wie anncourse/text.py: Eine Kritik wird zu Wörtern.
anncourse.tokenise = (text) =>
  text.normalize("NFC").toLowerCase().replaceAll("’", "'").replaceAll("<br />", " ")
    .match(/[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*/gu) ?? [];

"use strict";

// Wie anncourse/text.py: Eine Kritik wird zu Wörtern.
anncourse.tokenise = (() => {
  const APOSTROPHES = new RegExp(
    "[\\u0060\\u00b4\\u2018\\u2019\\u201b\\u2032\\u2035\\uff07\\uff40\\u0091\\u0092\\u275b\\u275c" +
    "\\u02b9\\u02bb\\u02bc\\u02bd\\u02be\\u02c8\\u02ca\\u02cb\\u02f4\\u0384\\u055a\\u055d\\u05f3" +
    "\\u07f4\\u07f5\\u1fbd\\u1fbf\\u1ffe\\ua78c]", "g");
  const ENTITY = /&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);/g;
  const LINE_BREAK = /<[ \t\n\r\f\v/]*br(?:[ \t\n\r\f\v/][^<>]*)?>/g;
  const WORD = /[\p{L}\p{N}]+(?:'[\p{L}\p{N}]+)*/gu;

  const area = document.createElement("textarea");  // der Browser kennt die Namen der Zeichen
  const unescape = (entity) => {
    area.innerHTML = entity;
    return area.value || " ";
  };

  return (text) => text.replace(ENTITY, unescape).normalize("NFC").toLowerCase()
    .replace(LINE_BREAK, " ").replace(APOSTROPHES, "'").match(WORD) ?? [];
})();

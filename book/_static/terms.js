"use strict";

// Ein Begriff des Glossars zeigt seine Definition, wenn der Zeiger darauf steht oder der Fokus.
// Escape schliesst; auf dem Telefon öffnet das erste Antippen, das zweite führt ins Glossar.
{
  const notes = document.querySelector(".term-notes");
  let open;                          // { link, note }
  let leaving;

  const close = () => {
    clearTimeout(leaving);
    if (!open) return;
    open.link.removeAttribute("aria-describedby");
    notes.append(open.note);
    open = undefined;
  };

  const show = (link, note) => {
    clearTimeout(leaving);
    if (open?.link === link) return;
    close();
    link.after(note);
    link.setAttribute("aria-describedby", note.id);
    // Unter dem Wort, aber ganz im Text
    const box = note.offsetParent.getBoundingClientRect(), text = link.closest("article").getBoundingClientRect();
    const word = [...link.getClientRects()].at(-1);
    const left = Math.min(Math.max(word.left, text.left), text.right - note.offsetWidth);
    note.style.left = `${left - box.left}px`;
    note.style.top = `${word.bottom - box.top}px`;
    open = { link, note };
  };

  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(close, 300);  // Zeit, den Zeiger auf die Erklärung zu schieben
  };

  for (const note of notes.children) {
    note.id = `note-${note.dataset.term}`;
    note.className = "term-note";
    note.setAttribute("role", "tooltip");
    note.addEventListener("pointerenter", () => clearTimeout(leaving));
    note.addEventListener("pointerleave", leave);
    for (const link of document.querySelectorAll(`article a[href$="glossar.html#${CSS.escape(note.dataset.term)}"]`)) {
      link.classList.add("term");
      link.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && show(link, note));
      link.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && leave());
      link.addEventListener("focus", () => link.matches(":focus-visible") && show(link, note));
      link.addEventListener("blur", close);
      link.addEventListener("click", (event) => {
        if (open?.link === link || event.pointerType !== "touch") return;
        event.preventDefault();
        show(link, note);
      });
    }
  }
  document.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  document.addEventListener("pointerdown", ({ target }) => {
    if (open && !open.note.contains(target) && target !== open.link) close();
  });
}

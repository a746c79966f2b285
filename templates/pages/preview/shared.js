"use strict";
// Another variant, another look: the same two frames. Without scripts there is a list.
addEventListener("change", () => {
  const variant = document.querySelector("[name=variant]:checked").value;
  const look = document.querySelector("[name=look]");
  const address = `views/${variant}-${look.value}.html`;
  document.querySelectorAll("iframe").forEach((frame) => (frame.src = address));
  document.querySelector(".approximate").hidden = look.selectedOptions[0].dataset.near !== "true";
});

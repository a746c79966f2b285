// Proof of work, where [signup] work asks for it: a number for which the hash of form,
// address and number begins with that many zero bits. Nothing is sent but the form.
const form = document.querySelector("form[data-work]");
const bits = Number(form?.dataset.work);
const bytes = new TextEncoder();

async function solved(text) {
  for (let nonce = 0; ; nonce += 1) {
    const digest = await crypto.subtle.digest("SHA-256", bytes.encode(`${text}.${nonce}`));
    const view = new DataView(digest);
    if (Math.clz32(view.getUint32(0)) >= bits) return String(nonce);
  }
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.querySelector("button").disabled = true;
  form.work.value = await solved(`${form.t.value}.${form.email.value.trim()}`);
  form.submit();
});

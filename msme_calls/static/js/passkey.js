// Passkeys: asks the browser to make or show one, and sends its answer with the form around. Words and questions come from
// the page; where a browser knows no passkeys the button stays hidden, and the page offers other ways.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const known = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

async function answer(way, asked) {
  const publicKey = { ...asked, challenge: bytes(asked.challenge) };
  if (way === "create") {
    publicKey.user = { ...asked.user, id: bytes(asked.user.id) };
    publicKey.excludeCredentials = known(asked.excludeCredentials);
  } else publicKey.allowCredentials = known(asked.allowCredentials);
  const { id, rawId, type, response } = await navigator.credentials[way]({ publicKey });
  const said = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"])
    if (response[part]) said[part] = text(response[part]);
  return JSON.stringify({ id, rawId: text(rawId), type, response: said });
}

for (const place of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  const [field, failed, button] = ["input", "[data-failed]", "button"].map((part) => place.querySelector(part));
  place.hidden = false;
  for (const other of document.querySelectorAll("[data-no-passkeys]")) other.hidden = true;
  button.onclick = async () => {
    failed.hidden = true;
    button.disabled = true;
    try {
      field.value = await answer(place.dataset.passkey, JSON.parse(place.dataset.options));
      field.form.requestSubmit();
    } catch {
      failed.hidden = false;
    }
    button.disabled = false;
  };
}

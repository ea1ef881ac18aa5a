/** Parts of the document: found, and made. */

export const part = (id) => document.getElementById(id);

/** A new element with DOM properties; children are nodes, text (never markup) or nothing. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter(Boolean));
  return made;
}

/**
 * Elements of HTML and SVG, made in one expression.
 */

/**
 * @param {string} name
 * @param {Record<string, unknown>} [attributes] a function is a listener, what is undefined or false is left out
 * @param {...(Node | string | undefined)} children
 * @returns {HTMLElement}
 */
export function html (name, attributes = {}, ...children) {
  return /** @type {HTMLElement} */ (fill(document.createElement(name), attributes, children))
}

/**
 * @param {string} name
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | undefined)} children
 * @returns {SVGElement}
 */
export function svg (name, attributes = {}, ...children) {
  return /** @type {SVGElement} */ (fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children))
}

/**
 * The element of the page that has this id.
 *
 * @param {string} id
 * @returns {any}
 */
export function byId (id) {
  const element = document.getElementById(id)
  if (element === null) {
    throw new Error(`the page has no #${id}`)
  }
  return element
}

/**
 * @param {Element} element
 * @param {Record<string, unknown>} attributes
 * @param {(Node | string | undefined)[]} children
 */
function fill (element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name, /** @type {EventListener} */ (value))
    } else if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : String(value))
    }
  }
  element.append(...children.filter(child => child !== undefined))
  return element
}

/** `$name`, `${name}` and `${section.name}` inside values, as oslo.config replaces them; `$$` and `\$` are a dollar. */

/** A reference to an option that is not there, or one that leads back to itself. */
export class InterpolationError extends Error {
  readonly found: string;
  constructor(found: string) {
    super(found);
    this.found = found;
  }
}

/** The text of an option; a reference without a section is looked for in `section` and then in DEFAULT. */
export type LookUp = (section: string, name: string) => string | undefined;

// The pattern of names is that of oslo_config/cfg.py, `Template`; any other dollar stands for itself.
const reference = /\\\$|\$\$|\$(?:\{([A-Za-z_][\w.]*)\}|([A-Za-z_][\w.]*))/g;

function resolve(section: string, path: string, lookUp: LookUp): { section: string; text: string } | undefined {
  const dot = path.indexOf('.');
  const places = dot < 0 ? [section, 'DEFAULT'] : [path.slice(0, dot)];
  const name = path.slice(dot + 1);
  for (const place of places) {
    const text = lookUp(place, name);
    if (text !== undefined) return { section: place, text };
  }
  return undefined;
}

/** The text with its references replaced; throws an InterpolationError. */
export function interpolate(text: string, section: string, lookUp: LookUp, depth = 0): string {
  return text.replace(reference, (found, braced: string | undefined, bare: string | undefined) => {
    const path = braced ?? bare;
    if (path === undefined) return '$';
    const target = resolve(section, path, lookUp);
    if (!target) throw new InterpolationError(`${found}, which names no option`);
    if (depth >= 10) throw new InterpolationError(`${found}, which leads back to itself`);
    return interpolate(target.text, target.section, lookUp, depth + 1);
  });
}

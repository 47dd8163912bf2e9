/** Cuts a stream of JSON objects that nothing separates into objects. */

/** Gives whole objects as their text arrives. Throws where one grows beyond `limit` characters, or is no JSON. */
export function jsonStream(limit: number): (chunk: string) => unknown[] {
  let text = '';
  let at = 0;
  let depth = 0;
  let inString = false;
  return (chunk) => {
    text += chunk;
    const objects: unknown[] = [];
    let start = 0;
    for (; at < text.length; at++) {
      const char = text[at];
      if (inString) {
        if (char === '\\') at += 1;
        else if (char === '"') inString = false;
      } else if (char === '"') inString = true;
      else if (char === '{') depth += 1;
      else if (char === '}') {
        depth -= 1;
        if (depth > 0) continue;
        objects.push(JSON.parse(text.slice(start, at + 1)));
        start = at + 1;
      }
    }
    text = text.slice(start);
    at -= start;
    if (text.length > limit) throw new Error(`an object of more than ${limit} characters`);
    return objects;
  };
}

/** Types of values that only ports, and what shows them, have: names in DNS, DHCP options, a MAC address to be made anew. */
import { mac, Problem, string, type Type } from './types.ts';

/** A MAC address; null in a request is '' here: one is to be made (neutron_lib: convert_to_mac_if_none). */
export function macOrNew(): Type<string> {
  const inner = mac();
  const expected = `${inner.expected}, or null for a new one`;
  return {
    ...inner,
    expected,
    schema: { anyOf: [inner.schema, { type: 'null' }] },
    parse: (value) => {
      const result = value === null ? '' : inner.parse(value);
      return result instanceof Problem ? new Problem(expected, value) : result;
    },
  };
}

/** Bytes of a name in DNS, its final dot included. */
const MAX_NAME = 255;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether the text is a name of RFC 1123, its final dot aside; a top-level label is not all digits. */
function isName(text: string): boolean {
  const labels = (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
  return labels.every((each) => label.test(each)) && (labels.length === 1 || !/^\d+$/.test(labels.at(-1) ?? ''));
}

function nameType(
  expected: string,
  isFit: (text: string) => boolean,
  plain: (text: string) => string = (text) => text,
): Type<string> {
  const inner = string(MAX_NAME);
  return {
    ...inner,
    expected,
    schema: { type: 'string', maxLength: MAX_NAME },
    parse(value) {
      const read = inner.parse(value);
      const text = read instanceof Problem ? undefined : read.toLowerCase();
      return text !== undefined && (text === '' || (isName(plain(text)) && isFit(text)))
        ? text
        : new Problem(expected, value);
    },
  };
}

/** The name of a port in DNS: relative, or full with a final dot; capital letters are made small; '' is none. */
export function dnsName(): Type<string> {
  return nameType('a DNS name of letters, digits, hyphens and dots, or an empty string', () => true);
}

/** The name of a floating IP: relative, and short enough for a domain behind it. */
export function relativeDnsName(): Type<string> {
  return nameType(
    `a relative DNS name of at most ${MAX_NAME - 3} characters, or an empty string`,
    (text) => !text.endsWith('.') && text.length <= MAX_NAME - 3,
  );
}

/** What stands for the words of a project or a user in a domain (neutron_lib: DNS_LABEL_KEYWORDS). */
const keyword = /(?<=^|\.)<(project_id|project_name|user_id|user_name)>(?=\.)/g;

/** A domain, with its final dot; its labels may be keywords that a DNS service fills in: `<project_id>.example.org.`. */
export function dnsDomain(): Type<string> {
  return nameType(
    `a domain such as example.org. with its final dot, of at most ${MAX_NAME - 2} characters, or an empty string`,
    (text) => text.endsWith('.') && text.length <= MAX_NAME - 2,
    (text) => text.replaceAll(keyword, 'keyword'),
  );
}

/** Text that stands on one line of a file: not empty, no control characters. */
export function lineOfText(max = 255): Type<string> {
  const inner = string(max);
  const expected = `a string of 1 to ${max} characters without control characters`;
  return {
    ...inner,
    expected,
    parse(value) {
      const read = inner.parse(value);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
      const isFit = !(read instanceof Problem) && read !== '' && !/[\u0000-\u001f\u007f]/.test(read);
      return isFit ? read : new Problem(expected, value);
    },
  };
}

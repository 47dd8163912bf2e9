/** Documents by path, as metadata services have them. */

/** A document, or a folder of them. */
export type Node = string | Buffer | Folder;

/** A folder of documents, by name. `listed` are the lines that it shows of itself, where they are not its names. */
export interface Folder {
  readonly children: ReadonlyMap<string, Node>;
  readonly listed?: readonly string[];
}

/** A folder of what is there; undefined ones are left out. */
export function folder(entries: Readonly<Record<string, Node | undefined>>, listed?: readonly string[]): Folder {
  const there = Object.entries(entries).filter((entry): entry is [string, Node] => entry[1] !== undefined);
  return { children: new Map(there), ...(listed ? { listed } : {}) };
}

const isFolder = (node: Node): node is Folder => typeof node === 'object' && 'children' in node;

/** What a folder shows of itself: a line for each name, folders with a slash behind theirs. */
function listing({ children, listed }: Folder): string {
  return (listed ?? [...children].map(([name, node]) => (isFolder(node) ? `${name}/` : name))).join('\n');
}

/** What is at a path, with or without a slash behind it; undefined where nothing is there. */
export function documentAt(root: Folder, path: string): string | Buffer | undefined {
  let node: Node | undefined = root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    if (!isFolder(node)) return undefined;
    node = node.children.get(name);
    if (node === undefined) return undefined;
  }
  return isFolder(node) ? listing(node) : node;
}

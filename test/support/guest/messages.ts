/** What a guest's agent and this side tell each other: lines of JSON; bytes are base64. */

/** To the agent: start a command, feed it (null: no more), send it a signal. */
export type ToGuest =
  | { readonly id: number; readonly argv: readonly string[]; readonly env: NodeJS.ProcessEnv }
  | { readonly id: number; readonly input: string | null }
  | { readonly id: number; readonly signal: NodeJS.Signals };

/** From the agent: that it is there, output of a command, its end. */
export type FromGuest =
  | { readonly boot: string }
  | { readonly id: number; readonly out: string }
  | { readonly id: number; readonly err: string }
  | { readonly id: number; readonly code: number }
  | { readonly id: number; readonly signal: NodeJS.Signals };

/** Cuts a stream of bytes into lines. */
export function lines(take: (line: string) => void): (data: Buffer) => void {
  const rest: Buffer[] = [];
  return (data) => {
    let from = 0;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, from)) {
      const line = Buffer.concat([...rest.splice(0), data.subarray(from, end)]).toString();
      from = end + 1;
      if (line !== '') take(line);
    }
    if (from < data.length) rest.push(Buffer.from(data.subarray(from)));
  };
}

/** How commands find the cloud and log in: `--os-cloud`, the OS_* variables, or the clouds.yaml of the state folder. */
import { ClientError, CloudsError, cloudsFiles, connect, readClouds, type Session } from '../client/index.ts';
import { CommandError, text } from './command.ts';

/** `--os-cloud NAME`. */
export const cloudOption = text(
  '--os-cloud NAME',
  'the cloud of a clouds.yaml; default: OS_CLOUD, the OS_* variables, else `neutrino` of the state folder',
);

function cloudOf(name: string | undefined, stateDir: string) {
  const own = `${stateDir}/clouds.yaml`;
  const { OS_CLOUD, OS_AUTH_URL } = process.env;
  const isNamed = name !== undefined || Boolean(OS_CLOUD) || Boolean(OS_AUTH_URL);
  if (!isNamed) return readClouds({ cloud: 'neutrino', files: [own] });
  return readClouds({ ...(name === undefined ? {} : { cloud: name }), files: [...cloudsFiles(), own] });
}

/** What went wrong with the API, as a person is told it. */
export function clientError(error: unknown): unknown {
  return error instanceof ClientError || error instanceof CloudsError ? new CommandError(error.message) : error;
}

/** Logs in and does `work`; what the API refuses is a CommandError. */
export async function withCloud<T>(
  name: string | undefined,
  stateDir: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  let session: Session | undefined;
  try {
    session = await connect(cloudOf(name, stateDir));
    return await work(session);
  } catch (error) {
    throw clientError(error);
  } finally {
    session?.close();
  }
}

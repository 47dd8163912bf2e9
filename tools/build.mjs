/** The bundle: one file, dist/neutrino.mjs, made anew when a source is not what it was. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { digest, locked, readIfThere, SetupError, timed, writeWhole } from './setup-steps.mjs';

/** Where the bundle is. */
export function bundlePath(root) {
  return join(root, 'dist/neutrino.mjs');
}

/** Every source with its size and time: another text means that something was changed, added or removed. */
function sourcesOf(root) {
  const lines = [];
  const visit = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (path.endsWith('.ts') && !path.endsWith('.test.ts')) {
        const { size, mtimeMs } = statSync(join(root, path));
        lines.push(`${path} ${size} ${mtimeMs}`);
      }
    }
  };
  visit('src');
  for (const path of ['package.json', 'tools/build.mjs']) {
    const { size, mtimeMs } = statSync(join(root, path));
    lines.push(`${path} ${size} ${mtimeMs}`);
  }
  return lines.sort().join('\n');
}

/** CommonJS packages inside an ES module look for these. */
const banner = `import { createRequire as $createRequire } from 'node:module';
import { dirname as $dirname } from 'node:path';
import { fileURLToPath as $fileURLToPath } from 'node:url';
const require = $createRequire(import.meta.url);
const __filename = $fileURLToPath(import.meta.url);
const __dirname = $dirname(__filename);`;

async function bundle(root) {
  const esbuild = await import(pathToFileURL(join(root, 'node_modules/esbuild/lib/main.js')).href);
  const options = {
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    outfile: 'dist/neutrino.mjs',
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node22.18',
    sourcemap: 'linked',
    sourcesContent: false,
    minifyWhitespace: true,
    external: ['pg-native', 'pg-cloudflare'],
    banner: { js: banner },
    logLevel: 'silent',
  };
  const build = esbuild.default?.build ?? esbuild.build;
  const result = await build(options).catch((error) => {
    const [first] = error.errors ?? [];
    const where = first?.location ? `${first.location.file}:${first.location.line}: ` : '';
    throw new SetupError(`the sources do not build: ${where}${first?.text ?? error.message}`);
  });
  for (const file of result.outputFiles) writeWhole(file.path, file.contents);
}

/** Makes the bundle when it is missing or not of the sources as they are. */
export async function ensureBundle(root) {
  const stamp = join(root, 'dist/neutrino.stamp');
  const isCurrent = () => existsSync(bundlePath(root)) && readIfThere(stamp) === digest(sourcesOf(root));
  if (isCurrent()) return;
  await locked(root, async () => {
    if (isCurrent()) return;
    const sources = digest(sourcesOf(root));
    await timed('building', () => bundle(root));
    writeWhole(stamp, sources);
  });
}

// SPDX-License-Identifier: MIT
// A scripted provider for each conversation, and TAP of what came of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export { assert };

const TOO_LONG_MS = 20_000;
const fettle = process.argv[2];
const conversations = [];

// script is a whole one or its replies; talk(url, requests) gets the provider's address and a function that
// reads its log.
export function conversation(name, script, talk) {
	conversations.push({ name, script: Array.isArray(script) ? { replies: script } : script, talk });
}

async function start(directory, contents) {
	const log = join(directory, 'requests.jsonl');
	const script = join(directory, 'script.json');
	writeFileSync(script, JSON.stringify(contents));
	const child = spawn(fettle, ['mock', '--log', log, script], { stdio: ['ignore', 'pipe', 'inherit'] });
	const ended = new Promise((resolve) => child.on('exit', resolve));
	const lines = createInterface({ input: child.stdout });
	const line = await new Promise((resolve) => {
		lines.once('line', resolve);
		lines.once('close', () => resolve(''));
	});
	const url = /^listening on (http:\S+)$/.exec(line)?.[1];
	assert.ok(url, `the scripted provider said ${JSON.stringify(line)}`);
	return {
		url,
		requests: () => readFileSync(log, 'utf8').trimEnd().split('\n').map((one) => JSON.parse(one)),
		stop: async () => {
			child.kill('SIGTERM');
			return ended;
		},
	};
}

async function hold({ script, talk }) {
	const directory = mkdtempSync(join(tmpdir(), 'fettle-clients-'));
	let provider;
	let late;
	try {
		provider = await start(directory, script);
		const deadline = new Promise((_, reject) => {
			late = setTimeout(() => reject(new Error(`longer than ${TOO_LONG_MS} ms`)), TOO_LONG_MS);
		});
		await Promise.race([talk(provider.url, provider.requests), deadline]);
	} finally {
		clearTimeout(late);
		const status = await provider?.stop();
		rmSync(directory, { recursive: true });
		if (provider) assert.equal(status, 0, 'the scripted provider ended badly');
	}
}

export async function holdAll() {
	console.log(`1..${conversations.length}`);
	let failed = 0;
	for (const [i, one] of conversations.entries()) {
		try {
			await hold(one);
			console.log(`ok ${i + 1} - ${one.name}`);
		} catch (error) {
			failed++;
			console.log(`not ok ${i + 1} - ${one.name}`);
			console.log(String(error.stack ?? error).replace(/^/gm, '# '));
		}
	}
	return failed;
}

export async function collect(stream) {
	const all = [];
	for await (const one of stream) all.push(one);
	return all;
}

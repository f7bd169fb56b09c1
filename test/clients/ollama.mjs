// SPDX-License-Identifier: MIT
// Ollama's client on its own chat.
import { Ollama } from 'ollama';
import { assert, collect, conversation } from './harness.mjs';

const question = { model: 'llama-x', messages: [{ role: 'user', content: 'how many?' }] };
const tools = [{
	type: 'function',
	function: { name: 'count', description: 'counts', parameters: { type: 'object', properties: { what: { type: 'string' } } } },
}];
const answer = { thinking: 'hm', text: ['There are ', '42.'], usage: { input: 12, output: 7 } };
const loop = [
	{ match: { turn: 0, wire: 'ollama', tools_include: ['count'] },
		reply: { tool_calls: [{ name: 'count', input: { what: 'files' } }] } },
	{ match: { turn: 1, tool_result: { contains: '42' } }, reply: answer },
];

function client(host) {
	return new Ollama({ host });
}

function checkEnd(part) {
	assert.equal(part.done, true);
	assert.equal(part.done_reason, 'stop');
	assert.equal(part.prompt_eval_count, 12);
	assert.equal(part.eval_count, 7);
}

conversation('ollama: parts of a stream', [{ reply: answer }], async (url) => {
	const parts = await collect(await client(url).chat({ ...question, stream: true }));
	assert.equal(parts.map((part) => part.message.content).join(''), 'There are 42.');
	assert.equal(parts.map((part) => part.message.thinking ?? '').join(''), 'hm');
	assert.ok(parts.every((part) => part.model === 'llama-x' && part.message.role === 'assistant'));
	checkEnd(parts.at(-1));
});

conversation('ollama: not streaming, which is its default', [{ reply: answer }], async (url) => {
	const whole = await client(url).chat(question);
	assert.equal(whole.message.content, 'There are 42.');
	assert.equal(whole.message.thinking, 'hm');
	checkEnd(whole);
});

for (const stream of [true, false])
	conversation(`ollama: a tool call, its result, the answer, ${stream ? 'streaming' : 'not streaming'}`, loop,
		async (url, requests) => {
			const ask = async (body) => {
				const said = await client(url).chat({ ...body, stream });
				return stream ? collect(said) : [said];
			};
			const first = (await ask({ ...question, tools })).find((part) => part.message.tool_calls);
			assert.equal(first.message.tool_calls[0].function.name, 'count');
			assert.deepEqual(first.message.tool_calls[0].function.arguments, { what: 'files' });
			const messages = [...question.messages, first.message,
				{ role: 'tool', tool_name: 'count', content: '42' }];
			const second = await ask({ ...question, messages, tools });
			assert.equal(second.map((part) => part.message.content).join(''), 'There are 42.');
			assert.deepEqual(requests().map((one) => one.matched), [0, 1]);
		});

conversation('ollama: errors', [
	{ reply: { status: 404, error: { message: "model 'llama-x' not found" } } },
	{ reply: { status: 503, error: { message: 'server busy, please try again' } } },
	{ reply: { text: 'par', error: { message: 'an error was encountered' } } },
	{ reply: { error: { message: 'it did not load' } } },
	{ reply: { text: ['par', 'tial'], cut_after_deltas: 1 } },
], async (url) => {
	const ollama = client(url);
	await assert.rejects(ollama.chat(question),
		(error) => error.name === 'ResponseError' && error.status_code === 404 && /not found/.test(error.message));
	await assert.rejects(ollama.chat({ ...question, stream: true }), { status_code: 503 });
	const told = [];
	await assert.rejects((async () => {
		for await (const part of await ollama.chat({ ...question, stream: true })) told.push(part.message.content);
	})(), { message: 'an error was encountered' });
	assert.deepEqual(told, ['par']);
	await assert.rejects(ollama.chat(question), { status_code: 500 });
	await assert.rejects((async () => collect(await ollama.chat({ ...question, stream: true })))());
});

conversation('ollama: models and vectors', {
	models: [{ id: 'a', context_tokens: 1000 }, { id: 'b' }], replies: [],
}, async (url) => {
	const ollama = client(url);
	const { models } = await ollama.list();
	assert.deepEqual(models.map((model) => model.name), ['a', 'b']);
	assert.equal((await ollama.show({ model: 'a' })).model_info['mock.context_length'], 1000);
	await assert.rejects(ollama.show({ model: 'c' }), { status_code: 404 });
	assert.ok((await ollama.version()).version);
	const { embeddings } = await ollama.embed({ model: 'e', input: ['one text', 'another'] });
	assert.equal(embeddings.length, 2);
	assert.equal(embeddings[0].length, embeddings[1].length);
	assert.deepEqual((await ollama.embed({ model: 'e', input: 'another' })).embeddings, [embeddings[1]]);
});

# SPDX-License-Identifier: MIT
"""Transcripts of Claude Code: main sessions, agents, forks, both orders of keys, a line for each content block."""
from usage_generate_base import BRANCHES, PROJECTS, iso, slug_of

BYTES_PER_ENTRY = 5500
FILE_BYTES = 3_000_000
MODELS = ("claude-opus-5", "claude-opus-5", "claude-sonnet-5", "claude-opus-4-8", "claude-sonnet-4-6",
          "claude-haiku-4-5-20251001", "claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929",
          "claude-opus-4-1-20250805", "claude-sonnet-4-20250514")
ELSEWHERE = ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-opus-4-5@20251101", "deepseek-chat", "kimi-k2",
             "glm-4.6", "anthropic/claude-sonnet-4.5")
TOOLS = ("Bash", "Read", "Edit", "Grep", "Write", "Glob", "TodoWrite", "Task", "WebSearch",
         "mcp__github__search_issues", "mcp__linear__get_issue")
BLOCKS, BLOCK_WEIGHTS = (1, 2, 3, 4), (35, 45, 15, 5)  # 1.9 lines a message


class Session:
    """A conversation's file while it is written."""

    def __init__(self, world, path, place, is_agent, session):
        chance = world.random
        self.world, self.path, self.is_agent = world, path, is_agent
        self.cwd, self.branch = place, chance.choice(BRANCHES)
        self.session = session or path.stem
        self.agent = path.stem.removeprefix("agent-") if is_agent else None
        self.is_new = chance.random() < 0.6
        self.version = f"2.1.{chance.randint(170, 330)}" if self.is_new else f"2.0.{chance.randint(1, 76)}"
        self.nickname = "quiet-humming-otter"
        self.time_ms = world.start_ms()
        self.model = chance.choice(MODELS)
        self.has_requests = True
        if chance.random() < 0.05:
            self.model, self.has_requests = chance.choice(ELSEWHERE), False
        self.tail, self.count = world.letters(14), 0
        self.uuid_tail = world.uuid()[8:]
        self.last_uuid = None
        self.cached = chance.randint(8_000, 25_000)
        self.out = []
        self.used = 0
        self.messages = []  # (id, request) that others may replay

    def uuid(self):
        self.count += 1
        return f"{self.count * 2_654_435_761 & 0xffffffff:08x}{self.uuid_tail}"

    def line(self, kind, body, extra=""):
        """body: members between the envelope's two halves; extra: further ones."""
        parent = f'"{self.last_uuid}"' if self.last_uuid else "null"
        self.last_uuid = uuid = self.uuid()
        side = "true" if self.is_agent else "false"
        agent = f'"agentId":"{self.agent}",' if self.agent else ""
        stamp = iso(self.time_ms)
        if self.is_new:
            self.out.append(
                f'{{"parentUuid":{parent},"isSidechain":{side},{agent}{body},{extra}"type":"{kind}","uuid":"{uuid}",'
                f'"timestamp":"{stamp}","userType":"external","entrypoint":"cli","cwd":"{self.cwd}",'
                f'"sessionId":"{self.session}","version":"{self.version}","gitBranch":"{self.branch}",'
                f'"slug":"{self.nickname}"}}\n')
        else:
            self.out.append(
                f'{{"parentUuid":{parent},"isSidechain":{side},"userType":"external","cwd":"{self.cwd}",'
                f'"sessionId":"{self.session}","version":"{self.version}","gitBranch":"{self.branch}",{agent}{body},'
                f'{extra}"type":"{kind}","uuid":"{uuid}","timestamp":"{stamp}"}}\n')

    def flush(self):
        self.world.write(self.path, self.out)
        self.out = []

    # what is between the answers

    def prompt(self):
        text = self.world.random.choice(self.world.small)
        self.line("user", f'"message":{{"role":"user","content":"{text}"}}')

    def tool_result(self, tool_id):
        chance = self.world.random
        dice = chance.random()
        text = chance.choice(self.world.large)
        content = f'[{{"tool_use_id":"{tool_id}","type":"tool_result","content":"{text}","is_error":false}}]'
        if dice < 0.10:
            result = (f'{{"filePath":"{self.cwd}/a.c","oldString":"{chance.choice(self.world.small)}","newString":'
                      f'"{chance.choice(self.world.small)}","originalFile":"{chance.choice(self.world.huge)}",'
                      f'"structuredPatch":[],"userModified":false,"replaceAll":false}}')
        elif dice < 0.14:
            result = (f'{{"status":"completed","prompt":"{chance.choice(self.world.small)}","agentId":"a1b2c3d4",'
                      f'"content":[{{"type":"text","text":"{chance.choice(self.world.small)}"}}],'
                      f'"totalDurationMs":{chance.randint(9_000, 900_000)},"totalTokens":{chance.randint(9_000, 90_000)},'
                      f'"totalToolUseCount":{chance.randint(1, 40)},"usage":{{"input_tokens":{chance.randint(1, 99)},'
                      f'"cache_creation_input_tokens":{chance.randint(1, 9999)},"cache_read_input_tokens":'
                      f'{chance.randint(1, 99999)},"output_tokens":{chance.randint(1, 9999)},'
                      f'"service_tier":"standard"}}}}')
        else:
            result = f'{{"stdout":"{text}","stderr":"","interrupted":false,"isImage":false}}'
        self.line("user", f'"message":{{"role":"user","content":{content}}}', f'"toolUseResult":{result},')

    def aside(self):
        """A line of another kind."""
        chance = self.world.random
        dice = chance.random()
        if dice < 0.35:
            self.out.append(
                f'{{"type":"file-history-snapshot","messageId":"{self.uuid()}","snapshot":{{"messageId":"{self.uuid()}",'
                f'"trackedFileBackups":{{"src/a.c":{{"backupFileName":"{chance.choice(self.world.large)}","version":1}}}},'
                f'"timestamp":"{iso(self.time_ms)}"}},"isSnapshotUpdate":false}}\n')
        elif dice < 0.7:
            self.line("progress", f'"data":{{"type":"bash_progress","output":"{chance.choice(self.world.small)}",'
                      f'"elapsedTimeSeconds":4,"totalLines":9}},"toolUseID":"bash-progress-1"')
        elif dice < 0.85:
            self.line("system", '"subtype":"turn_duration"', f'"durationMs":{chance.randint(900, 90_000)},"isMeta":false,')
        elif dice < 0.95:
            self.out.append(f'{{"type":"queue-operation","operation":"enqueue","timestamp":"{iso(self.time_ms)}",'
                            f'"sessionId":"{self.session}"}}\n')
        else:
            self.line("system", '"subtype":"compact_boundary","content":"Conversation compacted"',
                      f'"compactMetadata":{{"trigger":"auto","preTokens":{chance.randint(99_000, 190_000)}}},')
            self.cached = chance.randint(8_000, 25_000)

    # answers

    def usage(self, tokens, output):
        fresh, write_5m, write_1h, read = tokens["fresh"], tokens["5m"], tokens["1h"], tokens["read"]
        if not self.is_new:
            return (f'{{"input_tokens":{fresh},"cache_creation_input_tokens":{write_5m + write_1h},'
                    f'"cache_read_input_tokens":{read},"cache_creation":{{"ephemeral_5m_input_tokens":{write_5m},'
                    f'"ephemeral_1h_input_tokens":{write_1h}}},"output_tokens":{output},"service_tier":"standard"}}')
        return (f'{{"input_tokens":{fresh},"cache_creation_input_tokens":{write_5m + write_1h},'
                f'"cache_read_input_tokens":{read},"output_tokens":{output},"server_tool_use":{{"web_search_requests":'
                f'{tokens["searches"]},"web_fetch_requests":0}},"service_tier":"standard","cache_creation":'
                f'{{"ephemeral_1h_input_tokens":{write_1h},"ephemeral_5m_input_tokens":{write_5m}}},'
                f'"inference_geo":"{tokens["geo"]}","iterations":[{{"input_tokens":{fresh},"output_tokens":{output},'
                f'"cache_read_input_tokens":{read},"cache_creation_input_tokens":{write_5m + write_1h},'
                f'"type":"message"}}],"speed":"{tokens["speed"]}"}}')

    def block(self, index, count):
        """A content block, and the id of the tool it calls."""
        chance = self.world.random
        if index == 0 and count > 1:
            return (f'{{"type":"thinking","thinking":"{chance.choice(self.world.small)}",'
                    f'"signature":"{self.tail * 12}"}}', None)
        if index + 1 < count or chance.random() < 0.15:
            return f'{{"type":"text","text":"{chance.choice(self.world.small)}"}}', None
        tool = f"toolu_01{self.tail}{self.count:08d}"
        given = f'{{"command":"{chance.choice(self.world.small)}","description":"Runs it"}}'
        if self.world.trapped():
            given = '{"usage":{"input_tokens":5,"output_tokens":7},"model":null,"note":"\\"usage\\":{\\"input_tokens\\":9}"}'
        return f'{{"type":"tool_use","id":"{tool}","name":"{chance.choice(TOOLS)}","input":{given}}}', tool

    def tokens(self):
        chance = self.world.random
        write = int(chance.lognormvariate(6.8, 1.1))
        tokens = {"fresh": chance.randint(1, 12), "5m": write, "1h": 0, "read": self.cached, "searches": 0, "geo": "",
                  "speed": "standard"}
        if self.is_new and not self.is_agent:
            tokens["5m"], tokens["1h"] = 0, write
        if chance.random() < 0.01:
            tokens["searches"] = chance.randint(1, 4)
        if chance.random() < 0.02:
            tokens["geo"] = "us"
        if chance.random() < 0.02:
            tokens["speed"] = "fast"
        if chance.random() < 0.02:
            tokens["fresh"] = chance.randint(1000, 260_000)
        self.cached = min(self.cached + write, 950_000 if "opus" in self.model else 190_000)
        return tokens

    def message(self, limit):
        """One answer: at most limit lines. Returns how many."""
        chance, world = self.world.random, self.world
        if chance.random() < 0.003:
            return self.synthetic()
        count = min(limit, chance.choices(BLOCKS, BLOCK_WEIGHTS)[0])
        self.count += 1
        ident = f"msg_01{self.tail}{self.count:08d}"
        request = f"req_011C{self.tail}{self.count:06d}" if self.has_requests else ""
        tokens, output = self.tokens(), int(chance.lognormvariate(5.6, 1.2)) + 1
        self.messages.append((ident, request, tokens, output))
        tool = None
        for index in range(count):
            is_last = index + 1 == count
            block, called = self.block(index, count)
            tool = called or tool
            stop = ('"tool_use"' if called else '"end_turn"') if is_last else "null"
            shown = output if is_last or not self.is_new else chance.randint(1, 8)
            newer = ',"context_management":null,"container":null' if self.is_new else ""
            self.line("assistant", f'"message":{{"model":"{self.model}","id":"{ident}","type":"message",'
                      f'"role":"assistant","content":[{block}],"stop_reason":{stop},"stop_sequence":null,'
                      f'"usage":{self.usage(tokens, shown)}{newer}}}',
                      f'"requestId":"{request}",' if request else "")
            if world.trapped():
                self.damage()
            self.time_ms += chance.randint(200, 9_000)
        if tool:
            self.tool_result(tool)
        else:
            self.prompt()
        if chance.random() < 0.25:
            self.aside()
        self.time_ms += chance.randint(500, 60_000)
        if chance.random() < 0.01:
            self.time_ms += chance.randint(600_000, 40_000_000)
        return count

    def synthetic(self):
        """What the client itself says in the place of an answer."""
        self.line("assistant", f'"message":{{"id":"{self.uuid()}","model":"<synthetic>","role":"assistant",'
                  '"stop_reason":"stop_sequence","stop_sequence":"","type":"message","usage":{"input_tokens":0,'
                  '"output_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"server_tool_use":'
                  '{"web_search_requests":0,"web_fetch_requests":0},"service_tier":null},"content":[{"type":"text",'
                  f'"text":"Claude AI usage limit reached|{self.time_ms // 1000 + 7200}"}}]}}',
                  '"isApiErrorMessage":true,')
        return 1

    def agent_progress(self, other):
        """Another conversation's answer, told while it runs."""
        ident, request, tokens, output = other.messages[self.world.random.randrange(len(other.messages))]
        inner = (f'{{"parentUuid":null,"isSidechain":true,"agentId":"{other.agent}","message":{{"model":"{other.model}",'
                 f'"id":"{ident}","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":'
                 f'null,"usage":{other.usage(tokens, output)}}},"requestId":"{request}","type":"assistant",'
                 f'"uuid":"{self.uuid()}","timestamp":"{iso(other.time_ms)}"}}')
        self.line("progress", f'"data":{{"type":"agent_progress","prompt":"","agentId":"{other.agent}","message":{inner},'
                  '"normalizedMessages":[]},"toolUseID":"agent_msg_1","parentToolUseID":"toolu_1"')

    def damage(self):
        """Something rare happens to the last line."""
        line = self.out.pop()
        self.out.append(DAMAGES[self.world.random.randrange(len(DAMAGES))](self, line))


def again(line, old, new):
    return line.replace(old, new, 1)


def without(line, name):
    """line without the text member name."""
    begin = line.rfind(f',"{name}":"')
    return line if begin < 0 else line[:begin] + line[line.index('"', begin + len(name) + 5) + 1:]


def other_fraction(line, digits):
    begin = line.rindex('"timestamp":"') + 13
    end = line.index("Z", begin)
    return f"{line[:begin + 19]}{digits}{line[end:]}"


DAMAGES = (
    lambda _, line: again(line, '"usage":{', '"usage": {'),
    lambda _, line: again(line, '"input_tokens":', '"input_tokens" : '),
    lambda _, line: without(line, "requestId"),
    lambda _, line: again(line, '"type":"assistant"', '"type":"assistant","requestId":null')
    if '"requestId"' not in line else line.replace('"requestId":"', '"requestId":null,"request":"', 1),
    lambda _, line: again(line, ',"id":"msg_', ',"no_id":"msg_'),
    lambda _, line: again(line, '"id":"msg_', '"id":"","was":"msg_'),
    lambda s, line: other_fraction(line, f".{s.count % 1000:03d}456"),
    lambda _, line: other_fraction(line, ""),
    lambda _, line: other_fraction(line, ".5"),
    lambda _, line: without(line, "timestamp"),
    lambda s, line: again(line, f'"version":"{s.version}"', '"version":"unknown"'),
    lambda s, line: again(line, f'"version":"{s.version}"', '"version":"1.0.3","costUSD":0.0125'),
    lambda _, line: again(line, '"speed":"standard"', '"speed":null'),
    lambda _, line: again(line, '"speed":"standard"', '"speed":"turbo"'),
    lambda s, line: again(line, f'"cwd":"{s.cwd}"', '"cwd":null'),
    lambda _, line: again(line, '"output_tokens":', '"output_tokens":"17","was":'),
    lambda _, line: again(line, '"output_tokens":', '"output_tokens":-5,"was":'),
    lambda _, line: again(line, '"input_tokens":', '"input_tokens":3.5,"was":'),
    lambda _, line: again(line, '"output_tokens":', '"was":'),
    lambda _, line: again(line, '"cache_creation":{', '"cache_creation":null,"was":{'),
    lambda _, line: again(line, '"cache_creation":{', '"was":{'),
    lambda _, line: again(line, '"cache_creation_input_tokens":', '"was":'),
    lambda s, line: again(line, f'"model":"{s.model}"', '"model":"claude-next-9"'),
    lambda s, line: again(line, f'"sessionId":"{s.session}"', '"sessionId":""'),
    lambda _, line: line[:len(line) // 2] + "\n",
    lambda _, line: "\ufeff" + line,
    lambda _, line: line[:-1] + "\r\n",
    lambda _, line: again(line, '"stop_reason":', '"nul":"\\u0000","stop_reason":'),
    lambda _, line: line + line,
)


class Plan:
    """Which files there are, and how many usage lines each has."""

    def __init__(self, world):
        self.world = world
        count = world.files or max(1, round(world.entries * BYTES_PER_ENTRY / FILE_BYTES))
        self.root = world.directory / ".claude" / "projects"
        self.parts = world.shares(world.entries, min(count, world.entries))
        self.mains = []  # sessions that are whole, for agents and forks

    def make(self):
        for number, entries in enumerate(self.parts):
            dice = self.world.random.random()
            if number == 0 or not self.mains or dice < 0.6:
                self.main(entries)
            else:
                self.agent(entries)
            self.world.files_made += 1

    def main(self, entries):
        world, chance = self.world, self.world.random
        place = chance.choice(PROJECTS)
        session = Session(world, self.root / slug_of(place) / f"{world.uuid()}.jsonl", place, False, None)
        if chance.random() < 0.2:
            session.out.append(f'{{"type":"summary","summary":"Fixes the parser","leafUuid":"{session.uuid()}"}}\n')
        origin = chance.choice(self.mains) if self.mains else None
        if origin and origin.cwd == place and chance.random() < 0.3:
            entries -= self.copy_history(origin, session, entries)
        self.fill(session, entries)
        self.mains.append(session)
        del self.mains[:-20]

    def copy_history(self, origin, session, entries):
        """A resumed or forked conversation begins with the lines of the other one."""
        copied = 0
        keeps_session = self.world.random.random() < 0.5
        wanted = min(entries // 2, 300)
        with open(origin.path, encoding="utf-8", errors="replace", newline="\n") as lines:
            for line in lines:
                is_usage = '"type":"assistant"' in line and '"usage"' in line
                if is_usage and copied == wanted:
                    break
                copied += is_usage
                session.out.append(line if keeps_session else line.replace(origin.session, session.session))
        self.world.lines_used += copied
        session.time_ms = origin.time_ms + 3_600_000
        return copied

    def agent(self, entries):
        world, chance = self.world, self.world.random
        of = chance.choice(self.mains)
        folder, name = of.path.parent, f"agent-{chance.getrandbits(32):08x}"
        dice = chance.random()
        if dice < 0.7:
            path = folder / of.session / "subagents" / f"{name}.jsonl"
        elif dice < 0.85:
            path = folder / of.session / "subagents" / "workflows" / f"run-{chance.randint(1, 9)}" / f"{name}.jsonl"
        elif dice < 0.93:
            path = folder / f"{name}.jsonl"
        else:
            path = folder / of.session / f"{world.uuid()}.jsonl"
        if path.exists():
            path = path.with_name(f"{name}x.jsonl")
        session = Session(world, path, of.cwd, True, of.session)
        session.time_ms = of.time_ms - chance.randint(60_000, 900_000)
        if of.messages and entries > 2 and chance.random() < 0.2:
            entries -= self.replay(of, session)
        self.fill(session, entries)
        if session.messages:
            for _ in range(chance.randint(0, 4)):
                of.agent_progress(session)
            of.flush()

    def replay(self, of, session):
        """An answer of the main conversation, asked again aside: same message id, other request."""
        ident, _, tokens, output = of.messages[-1]
        kept, session.model = session.model, of.model
        session.line("assistant", f'"message":{{"model":"{of.model}","id":"{ident}","type":"message","role":"assistant",'
                     f'"content":[],"stop_reason":"end_turn","stop_sequence":null,"usage":{session.usage(tokens, output)}}}',
                     f'"requestId":"req_btw{session.tail}",')
        session.model = kept
        self.world.lines_used += 1
        return 1

    def fill(self, session, entries):
        world, done = self.world, 0
        session.prompt()
        while done < entries:
            done += session.message(entries - done)
            if len(session.out) > 200:
                session.flush()
            del session.messages[:-50]
        if world.trapped():
            session.out.append('{"parentUuid":null,"isSidechain":false,"message":{"model":"claude-opus-5","usa')
        session.flush()
        world.lines_used += done


def generate(world):
    Plan(world).make()

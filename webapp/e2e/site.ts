// The site under test: a real Mattermost server with the plugin, and the mock Zoom server.
//
// The program tests/src/bin/serve-site.rs starts both and runs commands: one line of JSON for each command, and one
// line for each response.
import {spawn, type ChildProcess} from 'node:child_process';
import {createInterface, type Interface} from 'node:readline';

/** A Mattermost user, and a channel of the user. */
export interface TestUser {
    name: string;
    password: string;
    id: string;
    team: string;
    channel: string;
}

/** The running site. */
export class TestSite {
    url = '';
    zoom = '';
    private readonly pending: ((line: string) => void)[] = [];
    private readonly lines: Interface;

    private constructor(private readonly child: ChildProcess) {
        if (!child.stdout) {
            throw new Error('the program has no output');
        }
        this.lines = createInterface({input: child.stdout});
        this.lines.on('line', (line) => this.pending.shift()?.(line));
        child.on('exit', (code) => {
            const line = JSON.stringify({error: `the program ended with status ${code}`});
            this.pending.splice(0).forEach((resolve) => resolve(line));
        });
    }

    /** Starts everything. */
    static async start(): Promise<TestSite> {
        const program = process.env.SERVE_SITE;
        if (!program) {
            throw new Error('SERVE_SITE is not set: run `cargo xtask browser`, which sets it');
        }
        const site = new TestSite(spawn(program, {stdio: ['pipe', 'pipe', 'inherit']}));
        const urls = (await site.nextResponse()) as {url: string; zoom: string};
        site.url = urls.url;
        site.zoom = urls.zoom;
        return site;
    }

    /** Runs a command. */
    run<T>(command: string, fields: object = {}): Promise<T> {
        const response = this.nextResponse();
        this.child.stdin?.write(`${JSON.stringify({do: command, ...fields})}\n`);
        return response as Promise<T>;
    }

    /** Creates a user in a new channel, or in the channel of the user with the ID `inChannelOf`. */
    createUser(options: {
        connected: boolean;
        administrator?: boolean;
        inChannelOf: string | undefined;
    }): Promise<TestUser> {
        const {connected, administrator = false, inChannelOf} = options;
        return this.run<TestUser>('person', {
            connected,
            administrator,
            in_channel_of: inChannelOf,
        });
    }

    /** Stops everything. */
    async close(): Promise<void> {
        const exited = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
        this.child.stdin?.end();
        await exited;
    }

    private async nextResponse(): Promise<unknown> {
        const line = await new Promise<string>((resolve) => this.pending.push(resolve));
        const response = JSON.parse(line) as {ok?: unknown; error?: string};
        if (response.error !== undefined) {
            throw new Error(response.error);
        }
        return response.ok;
    }
}

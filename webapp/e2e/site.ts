// The site under test: a real Mattermost server with the plugin, and the mock Zoom server.
//
// A program of this project starts both and takes orders (tests/src/bin/serve-site.rs).
import {spawn, type ChildProcess} from 'node:child_process';
import {createInterface, type Interface} from 'node:readline';

/** A person with an account, and their channel. */
export interface Person {
    name: string;
    password: string;
    id: string;
    team: string;
    channel: string;
}

/** The running site. */
export class Site {
    url = '';
    zoom = '';
    private readonly waiting: ((line: string) => void)[] = [];
    private readonly lines: Interface;

    private constructor(private readonly child: ChildProcess) {
        if (!child.stdout) {
            throw new Error('the site has no output');
        }
        this.lines = createInterface({input: child.stdout});
        this.lines.on('line', (line) => this.waiting.shift()?.(line));
        child.on('exit', (code) => {
            const gone = JSON.stringify({error: `the site ended with ${code}`});
            this.waiting.splice(0).forEach((take) => take(gone));
        });
    }

    /** Starts everything. */
    static async start(): Promise<Site> {
        const program = process.env.SERVE_SITE;
        if (!program) {
            throw new Error('SERVE_SITE is not set: run `cargo xtask browser`, which sets it');
        }
        const site = new Site(spawn(program, {stdio: ['pipe', 'pipe', 'inherit']}));
        const told = (await site.next()) as {url: string; zoom: string};
        site.url = told.url;
        site.zoom = told.zoom;
        return site;
    }

    /** Gives an order. */
    order<T>(what: string, fields: object = {}): Promise<T> {
        const answer = this.next();
        this.child.stdin?.write(`${JSON.stringify({do: what, ...fields})}\n`);
        return answer as Promise<T>;
    }

    /** Creates a person in a new channel or in the channel of another person. */
    person(fields: {connected?: boolean; beside?: string} = {}): Promise<Person> {
        return this.order<Person>('person', fields);
    }

    /** Ends everything. */
    async close(): Promise<void> {
        const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
        this.child.stdin?.end();
        await ended;
    }

    private async next(): Promise<unknown> {
        const line = await new Promise<string>((resolve) => this.waiting.push(resolve));
        const answer = JSON.parse(line) as {ok?: unknown; error?: string};
        if (answer.error !== undefined) {
            throw new Error(answer.error);
        }
        return answer.ok;
    }
}

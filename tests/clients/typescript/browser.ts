// A browser as far as our pages need one: it keeps cookies and posts forms, and runs no scripts, as they have none.

export class Browser {
  private readonly cookies = new Map<string, string>();

  /** From where a front end sends a person, through signing in and consent, to where the person is taken back. */
  async goThrough(to: URL, username: string, password: string, back: string): Promise<URL> {
    const signIn = await this.page(await this.onward(to));
    const asked = await this.page(await this.send(signIn, { username, password, totp: "" }));
    const location = await this.send(asked, { decision: "allow" });
    if (!location.href.startsWith(back)) throw new Error(`taken to ${location.href}`);
    return location;
  }

  private async fetch(to: URL, form?: URLSearchParams): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(to, { redirect: "manual", headers: { cookie }, ...(form && { method: "POST", body: form }) });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const at = pair.indexOf("=");
      this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }

  private async onward(to: URL, form?: URLSearchParams): Promise<URL> {
    const answer = await this.fetch(to, form);
    const location = answer.headers.get("location");
    if (answer.status !== 303 || !location) throw new Error(`${to.href}: ${answer.status} ${await answer.text()}`);
    return new URL(location, to);
  }

  private async page(at: URL): Promise<{ at: URL; text: string }> {
    const answer = await this.fetch(at);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${at.href}: ${answer.status} ${text}`);
    return { at, text };
  }

  /** Sends the first form of a page, with what the person puts in. */
  private async send(page: { at: URL; text: string }, more: Record<string, string>): Promise<URL> {
    const [form = ""] = page.text.split("</form>");
    const action = /<form[^>]* action="([^"]*)"/.exec(form)?.[1];
    const members = new URLSearchParams();
    for (const [tag] of form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      const [name, value] = ["name", "value"].map((member) => new RegExp(` ${member}="([^"]*)"`).exec(tag)?.[1]);
      if (name !== undefined) members.set(name, (value ?? "").replaceAll("&amp;", "&"));
    }
    for (const [name, value] of Object.entries(more)) members.set(name, value);
    return this.onward(new URL(action ?? page.at, page.at), members);
  }
}

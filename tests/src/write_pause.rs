//! Pauses one database write of a plugin, so that a test can kill the plugin in the middle of a call.
//!
//! A trigger in PostgreSQL counts the rows that are written for the plugin (its key-value records, and the posts
//! and files of one channel) and pauses the write with a given number. The plugin then waits for the reply to its
//! call for as long as the test wants.

use crate::site::{Error, PLUGIN, Site};

const TABLES: [&str; 3] = ["pluginkeyvaluestore", "posts", "fileinfo"];

const SET_UP: &str = "
    create table if not exists write_pause (at bigint, channel text, holding boolean, cut boolean);
    create sequence if not exists write_pause_count;
    create sequence if not exists write_pause_reached;
    create or replace function pause_write() returns trigger language plpgsql as $$
    declare
        spot write_pause%rowtype;
        written jsonb;
    begin
        select * into spot from write_pause;
        if found then
            written := to_jsonb(case when tg_op = 'DELETE' then old else new end);
            if (written->>'pluginid' = 'PLUGIN' or written->>'channelid' = spot.channel)
                and nextval('write_pause_count') = spot.at
            then
                perform nextval('write_pause_reached');
                while exists (select from write_pause where holding) loop
                    perform pg_sleep(0.005);
                end loop;
                if exists (select from write_pause where cut) then
                    raise exception 'cut off';
                end if;
            end if;
        end if;
        return case when tg_op = 'DELETE' then old else new end;
    end $$;";

/// The result of the paused write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PausedWrite {
    /// The write is done.
    Done,
    /// The write fails.
    Fails,
}

/// The triggers. Dropping it removes them.
pub struct WritePause<'a> {
    site: &'a Site,
}

impl<'a> WritePause<'a> {
    /// Installs the triggers.
    pub fn install(site: &'a Site) -> Result<WritePause<'a>, Error> {
        site.query(&SET_UP.replace("PLUGIN", PLUGIN))?;
        for table in TABLES {
            site.query(&format!(
                "create or replace trigger pause_write before insert or update or delete on {table} \
                 for each row execute function pause_write()"
            ))?;
        }
        Ok(WritePause { site })
    }

    /// Pauses the write with this number, counting from 1 and from now on.
    pub fn pause(&self, write: u32, channel: &str) -> Result<(), Error> {
        self.site.query(&format!(
            "truncate write_pause; alter sequence write_pause_count restart; \
             alter sequence write_pause_reached restart; \
             insert into write_pause values ({write}, '{channel}', true, false)"
        ))?;
        Ok(())
    }

    /// Whether the write was reached.
    pub fn is_paused(&self) -> Result<bool, Error> {
        let held = self
            .site
            .query("select is_called from write_pause_reached")?;
        Ok(held.trim() == "t")
    }

    /// Ends the pause with this result. No other write is paused.
    pub fn release(&self, write: PausedWrite) -> Result<(), Error> {
        let cut = write == PausedWrite::Fails;
        self.site.query(&format!(
            "update write_pause set holding = false, cut = {cut}"
        ))?;
        let gone = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        while self.site.query(gone)?.trim() != "0" {}
        self.site.query("truncate write_pause")?;
        Ok(())
    }
}

impl Drop for WritePause<'_> {
    fn drop(&mut self) {
        for table in TABLES {
            let _ = self
                .site
                .query(&format!("drop trigger if exists pause_write on {table}"));
        }
    }
}

//! Holding up a plugin at each of its writes, so that it can be killed there.
//!
//! What of a plugin's work outlives it is what the database has written. A trigger counts the rows that are
//! written for the plugin from now on (its records, the posts and files of one channel) and holds one of
//! them up. The plugin then waits in the middle of its call of the server, for as long as a test wants.

use crate::site::{Error, PLUGIN, Site};

const TABLES: [&str; 3] = ["pluginkeyvaluestore", "posts", "fileinfo"];

const SET_UP: &str = "
    create table if not exists parking (at bigint, channel text, holding boolean, cut boolean);
    create sequence if not exists parking_writes;
    create sequence if not exists parking_cars;
    create or replace function park() returns trigger language plpgsql as $$
    declare
        spot parking%rowtype;
        written jsonb;
    begin
        select * into spot from parking;
        if found then
            written := to_jsonb(case when tg_op = 'DELETE' then old else new end);
            if (written->>'pluginid' = 'PLUGIN' or written->>'channelid' = spot.channel)
                and nextval('parking_writes') = spot.at
            then
                perform nextval('parking_cars');
                while exists (select from parking where holding) loop
                    perform pg_sleep(0.005);
                end loop;
                if exists (select from parking where cut) then
                    raise exception 'cut off';
                end if;
            end if;
        end if;
        return case when tg_op = 'DELETE' then old else new end;
    end $$;";

/// What becomes of the write that was held up, once the plugin is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// It is done: the server had the call.
    Done,
    /// It is not.
    CutOff,
}

/// The triggers. They go on drop.
pub struct Parking<'a> {
    site: &'a Site,
}

impl<'a> Parking<'a> {
    /// Sets them.
    pub fn set(site: &'a Site) -> Result<Parking<'a>, Error> {
        site.query(&SET_UP.replace("PLUGIN", PLUGIN))?;
        for table in TABLES {
            site.query(&format!(
                "create or replace trigger park before insert or update or delete on {table} \
                 for each row execute function park()"
            ))?;
        }
        Ok(Parking { site })
    }

    /// Holds up the write with this number, counting from 1 and from now on.
    pub fn hold(&self, write: u32, channel: &str) -> Result<(), Error> {
        self.site.query(&format!(
            "truncate parking; alter sequence parking_writes restart; \
             alter sequence parking_cars restart; \
             insert into parking values ({write}, '{channel}', true, false)"
        ))?;
        Ok(())
    }

    /// Whether the write has come.
    pub fn is_held(&self) -> Result<bool, Error> {
        let held = self.site.query("select is_called from parking_cars")?;
        Ok(held.trim() == "t")
    }

    /// Lets it go, and holds up no other.
    pub fn release(&self, write: Write) -> Result<(), Error> {
        let cut = write == Write::CutOff;
        self.site
            .query(&format!("update parking set holding = false, cut = {cut}"))?;
        let gone = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        while self.site.query(gone)?.trim() != "0" {}
        self.site.query("truncate parking")?;
        Ok(())
    }
}

impl Drop for Parking<'_> {
    fn drop(&mut self) {
        for table in TABLES {
            let _ = self
                .site
                .query(&format!("drop trigger if exists park on {table}"));
        }
    }
}

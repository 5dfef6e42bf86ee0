-- Work that one process at a time does. Whoever does it raises the turn again and again, so that one
-- whose turn stays as it was is known to have died. An empty holder has given it up.
CREATE TABLE leases (
    duty   TEXT   NOT NULL PRIMARY KEY,
    holder TEXT   NOT NULL,
    turn   BIGINT NOT NULL
);

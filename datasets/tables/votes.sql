-- Who voted, on what, up or down: the table of the article.
CREATE TABLE votes (
    vote_id  serial PRIMARY KEY,
    username text NOT NULL,
    link     text NOT NULL,
    score    integer NOT NULL
);
CREATE INDEX ON votes (username);
CREATE INDEX ON votes (link);

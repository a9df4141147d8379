-- What sensors measured: numbers alone, in a table without key and index.
CREATE TABLE readings (
    sensor      integer NOT NULL,
    measured_at timestamptz NOT NULL,
    temperature double precision NOT NULL,
    humidity    double precision NOT NULL,
    pressure    double precision NOT NULL,
    voltage     double precision NOT NULL,
    current     double precision NOT NULL
);

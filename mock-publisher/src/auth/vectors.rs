//! Signatures of one message, made by other tools with keys that were not kept: algorithm, public key, signature.

pub(super) const MESSAGE: &[u8] = b"the message";

const RSA: &str = "MIIBCgKCAQEA1Xakq27_edq1zMrtHTewzZesDfIrETyRhf2iUN9rMQVn-JpMTbVlt_TGpGvkQ-fKAVB35Qd5aFEyF_Ox0qf_\
    Xx45vh__Hsn_ZB91JXwVOLDwFoNpcpu7tzJbhYec_OMGLH1X_74HBtg6zP7ku0L7ifq1pnzT53XE5hyKRIhmtYMU5r9_hbms\
    BVh2ARIo0UHsC_cdhw5_J1Op2pUZeJWjUVfkqGzOSofG_NOACs_BwYzU_7-nIAfVWgZbEYhHvaM5rlCk7Ceh7PPi-t9mJXbW\
    1IYVY_04VBawUxvmYXWSDd6ycdSdV7xoNGz66Dw6sGIfhS6ShhjMwFlBGAVPX5_gdwIDAQAB";

const SPKI: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1Xakq27_edq1zMrtHTewzZesDfIrETyRhf2iUN9rMQVn-JpMTbVl\
    t_TGpGvkQ-fKAVB35Qd5aFEyF_Ox0qf_Xx45vh__Hsn_ZB91JXwVOLDwFoNpcpu7tzJbhYec_OMGLH1X_74HBtg6zP7ku0L7\
    ifq1pnzT53XE5hyKRIhmtYMU5r9_hbmsBVh2ARIo0UHsC_cdhw5_J1Op2pUZeJWjUVfkqGzOSofG_NOACs_BwYzU_7-nIAfV\
    WgZbEYhHvaM5rlCk7Ceh7PPi-t9mJXbW1IYVY_04VBawUxvmYXWSDd6ycdSdV7xoNGz66Dw6sGIfhS6ShhjMwFlBGAVPX5_g\
    dwIDAQAB";

pub(super) const VECTORS: [(&str, &str, &str); 16] = [
    ("HS256", "", "79M4rc4TiRNVaXsm5GEyjqPePUZzYGUcTuVsDbhChSU"),
    ("HS384", "", "2oF_VbOMvJSD859Hi3DPnAmInDXtrw1i5ALcBlGtDyPjn3ergIjQygcHA2ejBj2g"),
    ("HS512", "", "W_B6vIg4OtV3dfi3d9wUBUdYRl2PGv5Fm6kYx7OkSDlxGsnn54bfHtRGyXCcL7hvA4fC-hp-dXQJRXVALXS1bg"),
    (
        "RS256",
        RSA,
        "07xVjZu5rErG2IqDrquF0bg8RqrkfSVqfuWK_1u92fZ8mM9JResUA2nhD_PvB2AzYEYT1nMgGLsaGL6uzLTTwh86JXWdaUwX\
    -1PFMxcxDSujlCaFHMHZ0v0cDW6PpD6ucBZkB6bWO8kAeE5uaV9UralVzv2uo0vhVg7j0WCThnXtPoaBQRQrMmbyOuHackPo\
    1HiY71ZKpNpBE7co534tQjrPtybRTHrK1M2G_ZCrqMNoOyf8KpLgjMDuWI1RmP6Hd0-Mttd4E_ICfpcXNxwJp_zvF2sJ-Cg8\
    WZd5mR-LvF-SzWyf2cHTuvv0bVfGE-OgShCleixUnxttQle707EEFw",
    ),
    (
        "PS256",
        RSA,
        "TSoyF07QiCd6ODhIYhW7770VmkiE2bxw1QBoJKzzSOF3WhJSrzAE1sCqtw1avob6JuHrPjfjSDi3c_DKR2XA4ksy5L39K2S7\
    CgKAh89I4OcTItdqzkkWhrQnGgfGk2nghT9bsYfvs8HrpV4-ee2tod0c40z5rYsTWHQ-CLxcue4dRa5dgIU4eW2QAZMgyRs8\
    6frmhCoLaJ16a8vyLM-I_cEeIs0vFmX8C5cxfSQScprGTNXOz7M8gHnZkorHmaGgPC2OVQKbUaNPR3OrnG2qP0GnWI5a8UMX\
    Va2hg6LqPfSQs6LeAhguq9l7GgQCcHo-u5zHaBX8RVfg981LrmEG1A",
    ),
    (
        "RS384",
        RSA,
        "qbgef6M5xGcy2XpHM1Pc9zG7rzaMVs0zHibYNuC7nX9Lzfh-OwGoIMEPkgpkvP9i8iEcbtIKTBfdLi3vZ8Bcbmyfg3HLRk4n\
    X7ZDjuGNILDcEC67GWHQuwK8JkU3Yv6SSqbETxJ1sGn_ChnjPQQQapvL9hjrax9BrA0nyYg00PYhLEnjhf8XpyNXwJtjVydC\
    0HV9vTZCCEAvbCrwsMUXePyrYiDVCQRNnuqM1CqGfeELLwTDJQ6TrnXCBmFEZWqGjIRWUubJBlIu2FstxllKT7ghyrxeHexg\
    1TgX-Fi_Ln7KGewn3fx18SDDf7b8PtnaGxzRI0HEfK4ZUewW9xK0Lw",
    ),
    (
        "RS384",
        SPKI,
        "qbgef6M5xGcy2XpHM1Pc9zG7rzaMVs0zHibYNuC7nX9Lzfh-OwGoIMEPkgpkvP9i8iEcbtIKTBfdLi3vZ8Bcbmyfg3HLRk4n\
    X7ZDjuGNILDcEC67GWHQuwK8JkU3Yv6SSqbETxJ1sGn_ChnjPQQQapvL9hjrax9BrA0nyYg00PYhLEnjhf8XpyNXwJtjVydC\
    0HV9vTZCCEAvbCrwsMUXePyrYiDVCQRNnuqM1CqGfeELLwTDJQ6TrnXCBmFEZWqGjIRWUubJBlIu2FstxllKT7ghyrxeHexg\
    1TgX-Fi_Ln7KGewn3fx18SDDf7b8PtnaGxzRI0HEfK4ZUewW9xK0Lw",
    ),
    (
        "PS384",
        RSA,
        "SnUmvg75ZEJv2LyMaKTFcTz-XluwGZ6qQEli49mhCK40yyE5VAvfWzchxDSt53sIeZSnI6o7bJ1p8QE89s3D8GH-XoOFB8xQ\
    4D22G6ciX6FY0jmT9G69MMTG2cPeg_btmF3rX5F0DcLg7O0oLTCYMzjQMYBvcp7hAZsN2RWk8Tn6wExD9yQpoh7Rt-KnVi-f\
    mtCbNzTESBG2EEXwgmR14wst_pRgbTHCWEoU-2s6AexcsUk1rKxi_s2GSgm_XEAFkmFIWX5vk-WiP8jJUkdD16aSwC3SbnjY\
    l-6Nyl2BBtWfj2Q3iGf98o6cGFZsGe096bIkleUnBPhi3NC4m8qVwQ",
    ),
    (
        "RS512",
        RSA,
        "fdU2DigXE_GCDMeeuEBme4wh60tFwGuAIJMxbPktsLrlz8kYh9CcIbyD3QKX_ugy-dqJXvYrQBZ8OZe0NRq3On4ap4uKsytK\
    WCcyR7GSSi_V0AhsHsr1vMLhRdjxnoWjyQANO993Xdfe_66b7mVShaEXwaLzlQtKcxfQ392W3juMvuw2dfe6i7A2oqTPm-7O\
    bzWtrQacaMLatYP92GbhqKxmdTzRHPr0WCH0HdEVwrav5mpNTzQhm0dEJ6fPHM0v2n7knoAb4ALPJtgOJ45J2MiCcZL1-9or\
    6XkrJ0SsHKxcKb8eJWAJrSe46BbntLRq1oCFWH50DZzW5J3gMDcKmw",
    ),
    (
        "PS512",
        RSA,
        "FcIWPrKVDqDXyn9fbs3dyMHmHBTUsXHJnyat7zDIhWZbrWVBi9Z2UvI3yonVGCQ7w44rEg17XSAmFGwGiAakHO3R7XxkjDY4\
    wVsceAMl-FwfHubjVROyMAAK2RgKGp6NGG8cAeZVBWej3BRrFG0YYyV1e1Ctn0jatOK3LIfKxgMu-lhnjVhDL9YZ7yXreSwp\
    lyq_Ce4_TEgxcTZz5S8ImXNzqtzxeEVtmNXlbBDdt2mIZ_1xZ2vH0FMJoiMzcMgQ18mtTRwiCFT8D018UmMfA-cqtkLwTPob\
    5M2pMMisgOM76mPw4vaDeyQ6HRGK7qt0tSgGp78OGKUT5vhjsrg0Jw",
    ),
    (
        "ES256",
        "BGbPNhj91s5SeCPbMfPzi1N9g4zZIC6HD3o2opWWWnUD-Uj7T3Z3-sWRbuDU7l4OlVe87JxslMQxFy2dPuOVzSI",
        "daXjsFWMuD8-vLSVpzmctnSjFHntnScV57PYVOjVPP5H_hdGKik0a40-FjtajYmrk3PpwgDLaMBCm38XJiMklQ",
    ),
    (
        "ES256",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZs82GP3WzlJ4I9sx8_OLU32DjNkgLocPejailZZadQP5SPtPdnf6xZFu4NTu\
    Xg6VV7zsnGyUxDEXLZ0-45XNIg",
        "daXjsFWMuD8-vLSVpzmctnSjFHntnScV57PYVOjVPP5H_hdGKik0a40-FjtajYmrk3PpwgDLaMBCm38XJiMklQ",
    ),
    (
        "ES384",
        "BF_SZ1-OynRuo53Jx8n2B0SPwqixEo9rKLV1y1_rVHbP7gjZDYWB8kxkpYdgPxviShqZNLNpSpZ2nn1lsG0GJR_RfkJ7AUSj\
    VUZ3l3uTYWgxtih67TUEHtHD6XkENaPfUA",
        "JwL5Lh442_kEdGZcwunn5dxCfswWPMyB0xVoVMEDi6MGfHSWmmKEhr8yb4w-IdTPcON_kMqjCXeymxB91m1wKlt1ng7lHtE4\
    SetS32tOQ6a9RsKo86EkHolkF1pEHtAz",
    ),
    (
        "ES384",
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEX9JnX47KdG6jncnHyfYHRI_CqLESj2sotXXLX-tUds_uCNkNhYHyTGSlh2A_G-JK\
    Gpk0s2lKlnaefWWwbQYlH9F-QnsBRKNVRneXe5NhaDG2KHrtNQQe0cPpeQQ1o99Q",
        "JwL5Lh442_kEdGZcwunn5dxCfswWPMyB0xVoVMEDi6MGfHSWmmKEhr8yb4w-IdTPcON_kMqjCXeymxB91m1wKlt1ng7lHtE4\
    SetS32tOQ6a9RsKo86EkHolkF1pEHtAz",
    ),
    (
        "EdDSA",
        "1FoSBs7RqwykrwQUpoWhF8hx6UbYhOpkBt2A6kBmnrE",
        "PNTPhBylNdbq9foNoAfVMEZKoK5NFzQkp7VM0yBnUwGzxKcXLuSwa1rcCc7UHSCK9YYdPm-heS4BQihW_I3SDQ",
    ),
    (
        "EdDSA",
        "MCowBQYDK2VwAyEA1FoSBs7RqwykrwQUpoWhF8hx6UbYhOpkBt2A6kBmnrE",
        "PNTPhBylNdbq9foNoAfVMEZKoK5NFzQkp7VM0yBnUwGzxKcXLuSwa1rcCc7UHSCK9YYdPm-heS4BQihW_I3SDQ",
    ),
];
